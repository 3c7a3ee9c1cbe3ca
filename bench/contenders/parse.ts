// The parse peer: uWebSockets.js, JSON.parse, the job, JSON.stringify; misses are read from a Map of JSON texts.
import { makePeople } from '../workload.ts'
import { enrich, KEY, type ProfileJson, profiles } from './peer-job.ts'
import { profileTexts } from './profile-texts.ts'
import { replyJson, serve } from './uws-body.ts'

const stored = profileTexts(makePeople())

serve(Number(process.argv[2]), '/bench', (body, res, authorization) => {
  if (authorization !== KEY) {
    res.close()
    return
  }
  const request = JSON.parse(body.toString())
  replyJson(res, JSON.stringify(enrich(request, profileOf(request.user.buyeruid))))
})

function profileOf(uid: string): ProfileJson | undefined {
  let profile = profiles.get(uid)
  const text = profile ? undefined : stored.get(uid)
  if (text) {
    profile = JSON.parse(text) as ProfileJson
    profiles.set(uid, profile)
  }
  return profile
}
