/** A client of QEMU's machine protocol: commands, their answers, and events. */
import { HostSocket, lineSplitter } from './host-socket.ts';
import { Watch } from './watch.ts';

export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

export class Qmp {
  readonly #watch = new Watch();
  readonly #answers = new Map<number, Answer>();
  readonly #socket: HostSocket;
  readonly events: QmpEvent[] = [];
  #next = 1;

  private constructor(socket: HostSocket) {
    this.#socket = socket;
  }

  static async listen(path: string): Promise<Qmp> {
    const receive = (line: string): void => {
      const message = JSON.parse(line) as Answer & Partial<QmpEvent>;
      if (message.event !== undefined) qmp.events.push({ ...message, event: message.event });
      else if (message.id !== undefined) qmp.#answers.set(message.id, message);
      qmp.#watch.changed();
    };
    const qmp = new Qmp(await HostSocket.listen(path, lineSplitter(receive)));
    return qmp;
  }

  get path(): string {
    return this.#socket.path;
  }

  /** Runs a command; throws with QEMU's own words if it refuses. */
  async execute(command: string, args: object = {}, seconds = 30): Promise<unknown> {
    const id = this.#next++;
    await this.#socket.send(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const answer = await this.#watch.until(
      () => this.#answers.get(id),
      seconds,
      () => `QEMU answers ${command}`,
    );
    this.#answers.delete(id);
    if (answer.error !== undefined) throw new Error(`QEMU refuses ${command}: ${answer.error.desc}`);
    return answer.return;
  }

  /** The first event of that name since `since` (a length of {@link events}) for which `matches` holds. */
  event(
    name: string,
    seconds: number,
    matches: (data: Readonly<Record<string, unknown>>) => boolean = () => true,
    since = 0,
  ): Promise<QmpEvent> {
    return this.#watch.until(
      () => this.events.slice(since).find(({ event, data }) => event === name && matches(data ?? {})),
      seconds,
      () => `QEMU says ${name}`,
    );
  }

  end(reason: Error): void {
    this.#socket.close();
    this.#watch.end(reason);
  }
}
