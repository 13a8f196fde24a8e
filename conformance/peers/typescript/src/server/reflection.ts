import { createRegistry, type DescFile, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import {
  type ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.js";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

// grpc.reflection.v1.ServerReflection, which connect-node does not have: descriptors of the
// services and of everything that they import.
export function reflection(services: DescService[]): ServiceImpl<typeof ServerReflection> {
  const files = new Map<string, DescFile>();
  services.forEach((service) => addWithImports(service.file, files));
  const registry = createRegistry(...files.values());

  function answer(request: ServerReflectionRequest["messageRequest"]): Answer {
    switch (request.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: services.map(({ typeName: name }) => ({ name })) } };
      case "fileByFilename":
        return descriptors(files.get(request.value), request.value);
      case "fileContainingSymbol":
        return descriptors(fileOf(request.value), request.value);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = request.value;
        const extended = registry.getMessage(containingType);
        const extension = extended && registry.getExtensionFor(extended, extensionNumber);
        return descriptors(extension?.file, `${containingType} ${extensionNumber}`);
      }
      case "allExtensionNumbersOfType": {
        const baseTypeName = request.value;
        const extensions = [...registry].filter((type) => type.kind === "extension");
        const extensionNumber = extensions.filter((it) => it.extendee.typeName === baseTypeName).map((it) => it.number);
        return registry.getMessage(baseTypeName) === undefined
          ? notFound(baseTypeName)
          : { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } };
      }
      default:
        return { case: "errorResponse", value: { errorCode: Code.InvalidArgument, errorMessage: "the request is empty" } };
    }
  }

  // The file of a type, a service or a method.
  function fileOf(symbol: string): DescFile | undefined {
    const found = registry.get(symbol);
    if (found !== undefined) {
      return found.file;
    }
    const dot = symbol.lastIndexOf(".");
    const service = registry.getService(symbol.slice(0, dot));
    return service?.methods.some((method) => method.name === symbol.slice(dot + 1)) ? service.file : undefined;
  }

  return {
    async *serverReflectionInfo(requests) {
      for await (const originalRequest of requests) {
        yield { originalRequest, validHost: originalRequest.host, messageResponse: answer(originalRequest.messageRequest) };
      }
    },
  };
}

function addWithImports(file: DescFile, files: Map<string, DescFile>): void {
  if (!files.has(file.proto.name)) {
    file.dependencies.forEach((imported) => addWithImports(imported, files));
    files.set(file.proto.name, file);
  }
}

// The file and everything that it imports, so that the caller need not ask again.
function descriptors(file: DescFile | undefined, asked: string): Answer {
  if (file === undefined) {
    return notFound(asked);
  }
  const files = new Map<string, DescFile>();
  addWithImports(file, files);
  const fileDescriptorProto = [...files.values()].reverse().map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function notFound(asked: string): Answer {
  return { case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage: `${asked} is not known` } };
}
