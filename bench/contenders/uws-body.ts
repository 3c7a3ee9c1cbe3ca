import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { loadUws } from '../../gateway/http/uws.ts'

/** What the uWebSockets.js contenders share: the bare server and the reading of a body. */
export type OnBody = (body: Buffer, res: HttpResponse, authorization: string) => void

export function serve(port: number, path: string, onBody: OnBody): void {
  const native = loadUws()
  if (!native) throw new Error('no native uWebSockets.js loads on this machine')
  const app: TemplatedApp = native.uws.App()
  app.post(path, (res: HttpResponse, req: HttpRequest) => {
    const authorization = req.getHeader('authorization')
    let gone = false
    let kept: Buffer | undefined
    res.onAborted(() => {
      gone = true
    })
    res.onData((chunk, isLast) => {
      const piece = Buffer.from(Buffer.from(chunk))
      kept = kept ? Buffer.concat([kept, piece]) : piece
      if (isLast && !gone) onBody(kept, res, authorization)
    })
  })
  app.listen('127.0.0.1', port, (socket) => {
    if (!socket) throw new Error(`cannot listen on ${port}`)
    process.send?.('ready')
  })
}

export function replyJson(res: HttpResponse, body: Buffer | string): void {
  res.cork(() => {
    res.writeHeader('content-type', 'application/json')
    res.end(body)
  })
}
