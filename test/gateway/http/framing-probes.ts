/**
 * Heads whose end of body is in doubt. Each is followed on the same connection by a whole honest request,
 * which must never run: what one server takes for a body, the next takes for a request.
 */
export function framingProbes(hidden: string): Record<string, string> {
  const n = hidden.length
  const lines: Record<string, string> = {
    'two Content-Length, 0 first': `Content-Length: 0\r\nContent-Length: ${n}`,
    'two Content-Length, 0 last': `Content-Length: ${n}\r\nContent-Length: 0`,
    'two Content-Length, equal': 'Content-Length: 0\r\nContent-Length: 0',
    'Content-Length list': `Content-Length: 0, ${n}`,
    'Content-Length with plus': 'Content-Length: +0',
    'Content-Length in hex': 'Content-Length: 0x0',
    'Content-Length negative': 'Content-Length: -1',
    'Content-Length empty': 'Content-Length:',
    'Content-Length with a fraction': 'Content-Length: 0.0',
    'Content-Length with an inner space': 'Content-Length: 0 0',
    'Content-Length too long': 'Content-Length: 00000000000',
    'Transfer-Encoding of another kind': 'Transfer-Encoding: xchunked',
    'space before the colon': `Content-Length : ${n}`,
    'folded header': `X: a\r\n Content-Length: ${n}`,
    'line feed only': 'Content-Length: 0\n',
    'NUL in a header': 'X: a\0b\r\nContent-Length: 0',
    'two Hosts': 'Host: b\r\nContent-Length: 0',
    'two Hosts and two lengths': 'Host: b\r\nContent-Length: 0\r\nContent-Length: 0',
  }
  const chunked: Record<string, string> = {
    'Transfer-Encoding alone': 'Transfer-Encoding: chunked',
    'Transfer-Encoding in capitals': 'TRANSFER-ENCODING: CHUNKED',
    'Content-Length and Transfer-Encoding': `Content-Length: ${n}\r\nTransfer-Encoding: chunked`,
    'Transfer-Encoding and Content-Length': `Transfer-Encoding: chunked\r\nContent-Length: ${n + 5}`,
    'Transfer-Encoding twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding list': 'Transfer-Encoding: chunked, gzip',
  }
  const head = (extra: string) => `POST /echo HTTP/1.1\r\nHost: door.test\r\n${extra}\r\n\r\n`
  return Object.fromEntries([
    ...Object.entries(lines).map(([name, extra]) => [name, head(extra)]),
    ...Object.entries(chunked).map(([name, extra]) => [name, `${head(extra)}0\r\n\r\n`]),
  ])
}
