import protobuf from 'protobufjs'

/**
 * The workload's requests in protobuf: every field of theirs, with the numbers of the official schema. A line is a message: its name,
 * then `number name type`; `*` for repeated.
 */
const SCHEMA = `
BidRequest: 1 id string, 2 imp Imp*, 3 site Site, 5 device Device, 6 user User, 7 at int32, 8 tmax int32, 11 cur string*, 12 bcat string*, 13 badv string*, 14 regs Regs, 19 source Source
Source: 2 tid string, 4 schain SupplyChain
SupplyChain: 1 complete bool, 2 nodes SupplyChainNode*, 3 ver string
SupplyChainNode: 1 asi string, 2 sid string, 3 rid string, 6 hp bool
Imp: 1 id string, 2 banner Banner, 7 tagid string, 8 bidfloor double, 9 bidfloorcur string, 11 pmp Pmp, 12 secure bool, 99 ext ImpExt
ImpExt: 1 gpid string, 4 tid string
Banner: 1 w int32, 2 h int32, 4 pos int32, 6 battr int32*, 10 api int32*, 15 format Format*
Format: 1 w int32, 2 h int32
Pmp: 1 private_auction bool, 2 deals Deal*
Deal: 1 id string, 2 bidfloor double, 3 bidfloorcur string, 4 wseat string*, 6 at int32
Site: 1 id string, 2 name string, 3 domain string, 4 cat string*, 7 page string, 9 ref string, 11 publisher Publisher, 12 content Content
Publisher: 1 id string, 2 name string, 4 domain string
Content: 1 id string, 9 keywords string, 19 language string
Device: 2 ua string, 3 ip string, 4 geo Geo, 11 language string, 14 os string, 15 osv string, 16 js bool, 18 devicetype int32, 25 w int32, 26 h int32, 31 sua UserAgent
Geo: 1 lat double, 2 lon double, 3 country string, 4 region string, 7 city string, 8 zip string, 9 type int32
UserAgent: 1 browsers BrandVersion*, 2 platform BrandVersion, 3 mobile bool
BrandVersion: 1 brand string, 2 version string*
User: 1 id string, 2 buyeruid string, 8 data Data*, 10 consent string, 11 eids EID*
EID: 1 source string, 2 uids UID*
UID: 1 id string, 2 atype int32
Data: 1 id string, 2 name string, 3 segment Segment*
Segment: 1 id string
Regs: 1 coppa bool, 4 gdpr bool
RTBRequest: 2 id string, 3 tmax int32, 4 bid_request bytes`

const root = new protobuf.Root()
for (const line of SCHEMA.trim().split('\n')) {
  const [name = '', fields = ''] = line.split(': ')
  const type = new protobuf.Type(name)
  for (const field of fields.split(', ')) {
    const [number, key = '', of = ''] = field.split(' ')
    const rule = of.endsWith('*') ? 'repeated' : undefined
    type.add(new protobuf.Field(key, Number(number), of.replace('*', ''), rule))
  }
  root.add(type)
}

export const bidRequest = root.lookupType('BidRequest')
const rtbRequest = root.lookupType('RTBRequest')

export function inProtobuf(json: Buffer): Buffer {
  const request = bidRequest.fromObject(JSON.parse(json.toString()))
  return Buffer.from(bidRequest.encode(request).finish())
}

/** What ARTF puts around a bid request. */
export function rtbRequestOf(bid_request: Buffer): Buffer {
  return Buffer.from(rtbRequest.encode({ id: 'bench', tmax: 100, bid_request }).finish())
}
