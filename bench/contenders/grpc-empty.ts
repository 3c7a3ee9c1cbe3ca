// The gRPC floor: @grpc/grpc-js with a handler that answers the bytes of an answer of ours, whatever was asked.
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import { GET_MUTATIONS } from '../grpc-load.ts'

const asIs = (bytes: Buffer): Buffer => bytes
const answer = Buffer.alloc(Number(process.argv[3]), 0)
const server = new Server()
server.addService(
  {
    call: {
      path: GET_MUTATIONS,
      ...{ requestStream: false, responseStream: false },
      ...{ requestSerialize: asIs, requestDeserialize: asIs },
      ...{ responseSerialize: asIs, responseDeserialize: asIs },
    },
  },
  { call: (_: ServerUnaryCall<Buffer, Buffer>, then: sendUnaryData<Buffer>) => then(null, answer) },
)
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
  process.send?.('ready')
})
