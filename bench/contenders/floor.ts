// The floor: uWebSockets.js sends the same body back. Nothing that reads the body can be cheaper.
import { replyJson, serve } from './uws-body.ts'

serve(Number(process.argv[2]), '/bench', (body, res) => replyJson(res, body))
