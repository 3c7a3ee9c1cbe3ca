import type { ServerResponse } from 'node:http'

/** What node:http keeps of an answer from `writeHead` to `end`, in all versions that we run on. */
interface Kept {
  _header: string
  _headerSent: boolean
}

/** An answer as one text of latin1, its head and all, in one write of the socket: `writeHead` and `end` make two pieces of it. */
export function endWithText(res: ServerResponse, text: string): void {
  const kept = res as unknown as Kept
  kept._header = text
  res.end()
}

/** The same of bytes, uncopied. True: all of it went out. */
export function endWithBytes(res: ServerResponse, bytes: Uint8Array): boolean {
  const kept = res as unknown as Kept
  kept._header = WRITTEN
  kept._headerSent = true
  // Uncorked with one piece in it, a socket takes that piece as it is.
  res.socket?.cork()
  res.write(bytes)
  res.socket?.uncork()
  res.end()
  return res.writableLength === 0
}

/** Stands for a head that is among the bytes. */
const WRITTEN = '\r\n'
