/** The virtual serial ports of unattended jobs: a job file goes to the guest, JSON lines come from it. */
import { HostSocket, lineSplitter } from './host-socket.ts';
import { Watch } from './watch.ts';

export type JobEvent = Readonly<Record<string, unknown>>;

const mostKept = 100_000;

export class JobPort {
  readonly events: JobEvent[] = [];
  readonly #watch = new Watch();
  readonly #job: HostSocket;
  readonly #events: HostSocket;
  /** Called with each event as it comes. */
  onEvent: (event: JobEvent) => void = () => undefined;

  private constructor(job: HostSocket, events: HostSocket) {
    this.#job = job;
    this.#events = events;
  }

  static async listen(jobPath: string, eventsPath: string): Promise<JobPort> {
    const receive = (line: string): void => {
      let event: JobEvent;
      try {
        event = JSON.parse(line) as JobEvent;
      } catch {
        event = { type: 'unreadable', text: line.slice(0, 1000) };
      }
      if (port.events.length < mostKept) port.events.push(event);
      port.onEvent(event);
      port.#watch.changed();
    };
    const job = await HostSocket.listen(jobPath, () => undefined);
    const port = new JobPort(job, await HostSocket.listen(eventsPath, lineSplitter(receive)));
    return port;
  }

  get jobPath(): string {
    return this.#job.path;
  }

  get eventsPath(): string {
    return this.#events.path;
  }

  /** Sends a line to the guest: docs/unattended.md. */
  async send(text: string): Promise<void> {
    await this.#job.send(text);
  }

  /** The first event since `since` (a length of {@link events}) for which `matches` holds. */
  event(
    matches: (event: JobEvent) => boolean,
    seconds: number,
    what = 'the job says so',
    since = 0,
  ): Promise<JobEvent> {
    return this.#watch.until(
      () => this.events.slice(since).find(matches),
      seconds,
      () => `${what} (last: ${JSON.stringify(this.events.at(-1) ?? 'nothing').slice(0, 300)})`,
    );
  }

  end(reason: Error): void {
    this.#job.close();
    this.#events.close();
    this.#watch.end(reason);
  }
}
