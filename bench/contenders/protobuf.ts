// The protobuf peer: uWebSockets.js, decode by protobufjs, the job, encode; profiles as in the parse peer.
import { bidRequest } from '../openrtb-message.ts'
import { enrich, KEY } from './peer-job.ts'
import { storedProfiles } from './stored-profiles.ts'
import { serve } from './uws-body.ts'

const profileOf = storedProfiles()

serve(Number(process.argv[2]), '/bench', (body, res, authorization) => {
  if (authorization !== KEY) {
    res.close()
    return
  }
  const request = bidRequest.decode(body) as unknown as Parameters<typeof enrich>[0]
  // A flag of protobuf is a bool.
  Object.assign(request.regs, {
    gdpr: Number(request.regs.gdpr),
    coppa: Number(request.regs.coppa),
  })
  const answer = bidRequest.encode(enrich(request, profileOf(request.user.buyeruid)) as never)
  res.cork(() => {
    res.writeHeader('content-type', 'application/x-protobuf')
    res.end(answer.finish())
  })
})
