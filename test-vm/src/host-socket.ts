/** A socket on which QEMU calls: we listen before it starts, so that not a byte of what it says is lost. */
import { createServer, type Server, type Socket } from 'node:net';
import { Watch } from './watch.ts';

export class HostSocket {
  readonly path: string;
  readonly #server: Server;
  readonly #watch = new Watch();
  #socket: Socket | undefined;

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
  }

  /** Listens on the Unix socket `path`; `receive` gets what QEMU sends. */
  static async listen(path: string, receive: (bytes: Buffer) => void): Promise<HostSocket> {
    const server = createServer();
    const socket = new HostSocket(path, server);
    server.on('connection', (connection) => {
      server.close();
      socket.#socket = connection;
      connection.on('data', receive);
      connection.on('error', () => connection.destroy());
      connection.on('close', () => socket.#watch.end(new Error('QEMU has closed the connection')));
      socket.#watch.changed();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return socket;
  }

  /** Sends as soon as QEMU has called. */
  async send(data: string | Uint8Array): Promise<void> {
    const socket = await this.#watch.until(
      () => this.#socket,
      20,
      () => `QEMU calls at ${this.path}`,
    );
    await new Promise<void>((resolve, reject) => {
      socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
    this.#socket?.destroy();
    this.#watch.end(new Error('the machine is off'));
  }
}

/** Cuts a stream of bytes into lines of UTF-8. A line of more than `limitBytes` is dropped. */
export function lineSplitter(
  receive: (line: string) => void,
  limitBytes = 64 << 20,
): (bytes: Buffer) => void {
  let parts: Buffer[] = [];
  let length = 0;
  return (bytes) => {
    let rest = bytes;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      if (length + end <= limitBytes) receive(Buffer.concat(parts).toString('utf8'));
      parts = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    length += rest.length;
    if (length > limitBytes) parts = [];
    else parts.push(Buffer.from(rest));
  };
}
