import { open } from 'node:fs/promises'

/** What a chained file asks of the file system; tests put one that fails in its place. */
export interface ChainFiles {
  open(path: string, flags: string, mode?: number): Promise<ChainHandle>
}

/** The part of node's FileHandle that is used. */
export interface ChainHandle {
  read(into: Buffer, offset: number, length: number, at: number): Promise<{ bytesRead: number }>
  write(from: Buffer, offset: number, length: number, at: number): Promise<{ bytesWritten: number }>
  datasync(): Promise<void>
  sync(): Promise<void>
  truncate(bytes: number): Promise<void>
  stat(): Promise<{ size: number }>
  close(): Promise<void>
}

export const realFiles: ChainFiles = { open }

/** Writes all of it: a single write may take less, as on a disk that is just getting full. */
export async function writeWhole(file: ChainHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
    if (bytesWritten === 0) throw new Error('nothing more can be written')
    done += bytesWritten
  }
}

/** Bytes [from, to) of the file; fewer where it ends before. */
export async function readSpan(file: ChainHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from)
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

/** Makes a new file's name in its directory durable. */
export async function syncDirectory(files: ChainFiles, dir: string): Promise<void> {
  const directory = await files.open(dir, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
