/**
 * A message whose field may be there several times: it is all of them, one after the other (protobuf.dev, Encoding,
 * "Last One Wins"). Nearly all are there once, and are not copied; one instance serves many messages by turns.
 */
export class MessageParts {
  #first: Uint8Array | undefined
  #all: Uint8Array[] | undefined

  begin(): void {
    this.#first = undefined
    this.#all = undefined
  }

  add(part: Uint8Array): void {
    if (this.#first === undefined) this.#first = part
    else (this.#all ??= [this.#first]).push(part)
  }

  /** The message since `begin`; undefined where there was no part. */
  end(): Uint8Array | undefined {
    return this.#all === undefined ? this.#first : Buffer.concat(this.#all)
  }
}
