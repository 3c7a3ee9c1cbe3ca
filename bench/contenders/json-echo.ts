// Bare node:http: a JSON body in, parsed, and the same JSON out. What any server of this kind must do.
import { createServer } from 'node:http'

const server = createServer((req, res) => {
  const parts: Buffer[] = []
  req.on('data', (part) => parts.push(part))
  req.on('end', () => {
    const body = JSON.stringify(JSON.parse(Buffer.concat(parts).toString()))
    res.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'))
