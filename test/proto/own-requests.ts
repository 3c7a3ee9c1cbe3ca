/** Bid requests written for these tests: every path that the scanner knows, in every placement. */
export const OWN_REQUESTS: readonly string[] = [
  '{"id":"1","imp":[{"id":"1","banner":{"w":300,"h":250}}],"user":{"buyeruid":"demo-user-1"}}',
  '{"id":"a","imp":[{"id":"1","pmp":{"private_auction":0,"deals":[{"id":"d1"}]}},{"id":2,"pmp":{}},{"pmp":null},7]}',
  '{"id":"b","tmax":120,"test":1,"site":{"id":"s1","page":"https://news.example/a?b=\\"c\\""},"regs":{"coppa":0,"gdpr":1,"us_privacy":"1YNN","gpp":"DBAA","gpp_sid":[2,6],"gpc":"1"},"user":{"id":"u","consent":"CPxx","data":[],"eids":[{"source":"a.example","uids":[{"id":"1","atype":1},{"id":"2"}]}]}}',
  '{"id":"c","app":{"id":"app1"},"device":{"ifa":"AEBE52E7-03EE-455A-B3C4-E57283966239","lmt":0,"dnt":0,"geo":{"country":"FRA","lat":48.85,"lon":2.35},"ext":{"atts":3}},"regs":{"ext":{"gdpr":0,"us_privacy":"1---","gpp":"X","gpp_sid":[],"gpc":1,"coppa":1,"dsa":{"dsarequired":2,"transparency":[{"domain":"d.example","dsaparams":[1]}]}}},"user":{"ext":{"consent":"CQ","eids":[{"uids":[{"id":"x"}],"source":"b.example"}]},"geo":{"country":"DEU"}}}',
  ' { "id" : "d" , "tmax" : 1e2 , "imp" : [ ] , "user" : { "data" : [ { "id" : "p" , "segment" : [ { "id" : "1" } ] } ] } , "regs" : { } } ',
  '{"id":"e","user":{"data":[1]},"user":{"data":null,"id":"twice"},"imp":[{"id":"1"}],"imp":[{"id":"2","id":"3"}],"regs":{"gdpr":0},"regs":{"gdpr":1}}',
  '{"id":"f","\\u0075ser":{"b\\u0075yeruid":"es\\u0063aped"},"us\\u0065r2":1,"te\\u0073t":true}',
  '{"id":"g","site":{"id":"é","name":"Ελληνικά 日本語 🙂","content":{"title":"\\ud83d\\ude42 \\ud800"}},"ext":{"x":[[[[{"user":{"id":"no"}}]]]]}}',
  '{"id":0,"user":"a string","regs":[],"device":null,"imp":{"id":"not a list"},"site":{"id":7},"app":[{"id":"x"}]}',
  '{"id":{},"user":{"eids":{"source":"not a list"},"data":"x","ext":"omitted"},"imp":[[{"id":"1"}],"x",null],"tmax":-5}',
  '{"__proto__":{"id":"no"},"constructor":1,"toString":{"user":{}},"id":"h","regs":{"toString":1,"ext":{"__proto__":2}}}',
]
