/** gRPC server reflection (v1 and v1alpha): tools such as grpcurl learn the services from the server itself. I/O: adds handlers. */
import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/** Tells the services of `definitions` to whoever asks. */
export function addReflection(server: Server, definitions: PackageDefinition): void {
  new ReflectionService(definitions).addToServer(server);
}
