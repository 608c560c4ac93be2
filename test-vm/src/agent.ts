/**
 * Runs commands in the guest, through the virtual serial port `permafrost.agent`; the other end is
 * `usr/lib/permafrost/agent` of the image. One line each way: `NUMBER COMMAND` and `NUMBER CODE OUTPUT ERRORS`, the
 * last three fields in Base64, so that any byte passes.
 */
import { HostSocket, lineSplitter } from './host-socket.ts';
import { Watch } from './watch.ts';

export interface Outcome {
  readonly code: number;
  readonly output: Buffer;
  readonly errors: string;
}

export class Agent {
  readonly #watch = new Watch();
  readonly #outcomes = new Map<number, Outcome>();
  readonly #socket: HostSocket;
  #next = 1;

  private constructor(socket: HostSocket) {
    this.#socket = socket;
  }

  static async listen(path: string): Promise<Agent> {
    const receive = (line: string): void => {
      const [number, code, output = '', errors = ''] = line.trim().split(' ');
      if (!/^\d+$/.test(number ?? '') || !/^\d+$/.test(code ?? '')) return;
      agent.#outcomes.set(Number(number), {
        code: Number(code),
        output: Buffer.from(output, 'base64'),
        errors: Buffer.from(errors, 'base64').toString('utf8'),
      });
      agent.#watch.changed();
    };
    const agent = new Agent(await HostSocket.listen(path, lineSplitter(receive)));
    return agent;
  }

  get path(): string {
    return this.#socket.path;
  }

  /** Runs `command` in a shell of the guest, as root, and resolves to how it ended. Commands run one after the other. */
  async try(command: string, seconds = 60): Promise<Outcome> {
    const number = this.#next++;
    await this.#socket.send(`${number} ${Buffer.from(command).toString('base64')}\n`);
    const outcome = await this.#watch.until(
      () => this.#outcomes.get(number),
      seconds,
      () => `the guest has run \`${command}\``,
    );
    this.#outcomes.delete(number);
    return outcome;
  }

  /** As {@link try}, and throws unless it exits with 0; resolves to what it wrote, without the last newline. */
  async run(command: string, seconds = 60): Promise<string> {
    const { code, output, errors } = await this.try(command, seconds);
    if (code !== 0) {
      throw new Error(
        `exit code ${code} in the guest: ${errors.trim() || output.toString()}\nThe command was: ${command}`,
      );
    }
    return output.toString('utf8').replace(/\n$/, '');
  }

  end(reason: Error): void {
    this.#socket.close();
    this.#watch.end(reason);
  }
}
