import { makePeople } from '../workload.ts'
import { type ProfileJson, profiles } from './peer-job.ts'
import { profileTexts } from './profile-texts.ts'

/** Finds people by `buyeruid`: in the peers' cache, and on a miss in a Map of JSON texts. */
export function storedProfiles(): (uid: string) => ProfileJson | undefined {
  const stored = profileTexts(makePeople())
  return (uid) => {
    let profile = profiles.get(uid)
    const text = profile ? undefined : stored.get(uid)
    if (text) {
      profile = JSON.parse(text) as ProfileJson
      profiles.set(uid, profile)
    }
    return profile
  }
}
