using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>One type of an assembly that names another type of it: in a signature, a base, an attribute or a method body.</summary>
internal readonly record struct TypeReference(string FromNamespace, string FromType, string ToNamespace, string ToType);

/// <summary>Reads from compiled metadata who references whom. Constants are copied by the compiler, so their origin is not seen.</summary>
internal sealed class TypeReferences : IDisposable
{
    private static readonly Dictionary<int, OperandType> Operands = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => o.Value & 0xFFFF, o => o.OperandType);

    private readonly PEReader _file;
    private readonly MetadataReader _metadata;
    private readonly HashSet<TypeReference> _found = [];

    private TypeReferences(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _metadata = _file.GetMetadataReader();
    }

    /// <summary>The references between types of one assembly. Nested types count as the type around them.</summary>
    public static IReadOnlyCollection<TypeReference> Within(string path)
    {
        using var reader = new TypeReferences(path);
        foreach (var handle in reader._metadata.TypeDefinitions)
        {
            reader.Read(handle);
        }

        return reader._found;
    }

    /// <summary>The names of the assemblies that an assembly references.</summary>
    public static IReadOnlyList<string> Assemblies(string path)
    {
        using var reader = new TypeReferences(path);
        return [.. reader._metadata.AssemblyReferences.Select(r =>
            reader._metadata.GetString(reader._metadata.GetAssemblyReference(r).Name))];
    }

    public void Dispose() => _file.Dispose();

    private void Read(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var sink = new Sink(target => Add(handle, target));
        Token(type.BaseType, sink);
        foreach (var implemented in type.GetInterfaceImplementations())
        {
            Token(_metadata.GetInterfaceImplementation(implemented).Interface, sink);
        }

        foreach (var parameter in type.GetGenericParameters())
        {
            foreach (var constraint in _metadata.GetGenericParameter(parameter).GetConstraints())
            {
                Token(_metadata.GetGenericParameterConstraint(constraint).Type, sink);
            }
        }

        foreach (var field in type.GetFields())
        {
            _metadata.GetFieldDefinition(field).DecodeSignature(sink, null);
        }

        foreach (var attribute in type.GetCustomAttributes())
        {
            Token(_metadata.GetCustomAttribute(attribute).Constructor, sink);
        }

        foreach (var method in type.GetMethods())
        {
            Read(_metadata.GetMethodDefinition(method), sink);
        }
    }

    private void Read(MethodDefinition method, Sink sink)
    {
        method.DecodeSignature(sink, null);
        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        var body = _file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
        {
            _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(sink, null);
        }

        foreach (var region in body.ExceptionRegions)
        {
            Token(region.CatchType, sink);
        }

        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            int opcode = code.ReadByte();
            opcode = opcode == 0xFE ? 0xFE00 | code.ReadByte() : opcode;
            switch (Operands[opcode])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    Token(MetadataTokens.EntityHandle(code.ReadInt32()), sink);
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineNone:
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    private void Token(EntityHandle handle, Sink sink)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                sink.Found((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(sink, null);
                break;
            case HandleKind.MethodDefinition:
                sink.Found(_metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                sink.Found(_metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Token(_metadata.GetMemberReference((MemberReferenceHandle)handle).Parent, sink);
                break;
            case HandleKind.MethodSpecification:
                var specification = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                Token(specification.Method, sink);
                specification.DecodeSignature(sink, null);
                break;
        }
    }

    private void Add(TypeDefinitionHandle from, TypeDefinitionHandle to)
    {
        var (fromNamespace, fromType) = NameOf(from);
        var (toNamespace, toType) = NameOf(to);
        if (fromNamespace.Length > 0 && toNamespace.Length > 0 && (fromNamespace != toNamespace || fromType != toType))
        {
            _found.Add(new TypeReference(fromNamespace, fromType, toNamespace, toType));
        }
    }

    private (string Namespace, string Name) NameOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        while (type.GetDeclaringType() is { IsNil: false } outer)
        {
            type = _metadata.GetTypeDefinition(outer);
        }

        return (_metadata.GetString(type.Namespace), _metadata.GetString(type.Name));
    }

    /// <summary>Hands on every type definition that a signature names.</summary>
    private sealed class Sink(Action<TypeDefinitionHandle> found) : ISignatureTypeProvider<int, object?>
    {
        public void Found(TypeDefinitionHandle handle) => found(handle);

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            found(handle);
            return 0;
        }

        public int GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle,
            byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetSZArrayType(int elementType) => 0;
    }
}
