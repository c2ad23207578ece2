/** One keep-alive HTTP connection that costs next to nothing, so that the load generator takes little of what is measured. */
import { connect, type Socket } from 'node:net';

export class HttpConnection {
  private socket: Socket;
  private waiting: { resolve(status: number): void; reject(error: Error): void } | undefined;
  private answer = '';

  private constructor(
    private readonly options: { readonly host: string; readonly port: number; readonly head: string },
    socket: Socket,
  ) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the connection was closed')));
  }

  static open(url: string, path: string, writeKey: string): Promise<HttpConnection> {
    const { hostname: host, port } = new URL(url);
    const head =
      `POST ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\ncontent-type: application/json\r\n` +
      `x-write-key: ${writeKey}\r\ncontent-length: `;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) }, () =>
        resolve(new HttpConnection({ host, port: Number(port), head }, socket)),
      );
      socket.once('error', reject);
    });
  }

  /** Sends an ASCII body; resolves with the status. One request at a time. */
  post(body: string): Promise<number> {
    if (this.socket.destroyed) return Promise.reject(new Error('the connection was closed'));
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(`${this.options.head}${body.length}\r\n\r\n${body}`, 'latin1');
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private read(text: string): void {
    this.answer += text;
    const { answer } = this;
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(answer)?.[1] ?? 0);
    if (answer.length < end + 4 + length) return;
    this.answer = '';
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(Number(answer.slice(9, 12)));
  }

  private fail(error: Error): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(error);
  }
}
