using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>Reads the public types and members of an assembly from its metadata.</summary>
internal sealed class PublicSurface : IDisposable
{
    private readonly PEReader _file;
    private readonly MetadataReader _metadata;

    private PublicSurface(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _metadata = _file.GetMetadataReader();
    }

    /// <summary>One line per public type and per public or protected member, sorted.</summary>
    public static IReadOnlyList<string> Of(string path)
    {
        using var surface = new PublicSurface(path);
        var lines = surface._metadata.TypeDefinitions.SelectMany(surface.Describe).ToList();
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>The names of all types outside other types, with their namespaces.</summary>
    public static IReadOnlyList<(string Namespace, string Name)> Types(string path)
    {
        using var surface = new PublicSurface(path);
        var metadata = surface._metadata;
        return
        [
            .. metadata.TypeDefinitions.Select(metadata.GetTypeDefinition).Where(t => t.GetDeclaringType().IsNil && !t.Namespace.IsNil)
                .Select(t => (metadata.GetString(t.Namespace), metadata.GetString(t.Name))),
        ];
    }

    public void Dispose() => _file.Dispose();

    private IEnumerable<string> Describe(TypeDefinitionHandle handle)
    {
        if (!IsVisible(handle))
        {
            yield break;
        }

        var type = _metadata.GetTypeDefinition(handle);
        var name = NameOf(handle);
        yield return name;
        var accessors = new HashSet<MethodDefinitionHandle>();
        foreach (var property in type.GetProperties().Select(_metadata.GetPropertyDefinition))
        {
            var (get, set) = (property.GetAccessors().Getter, property.GetAccessors().Setter);
            accessors.Add(get);
            accessors.Add(set);
            var words = $"{(IsVisible(get) ? " get;" : "")}{(IsVisible(set) ? " set;" : "")}";
            if (words.Length > 0)
            {
                var signature = property.DecodeSignature(new Names(this), null);
                yield return $"{name}.{_metadata.GetString(property.Name)} {{{words} }} : {signature.ReturnType}";
            }
        }

        foreach (var method in type.GetMethods().Where(m => !accessors.Contains(m) && IsVisible(m)))
        {
            var definition = _metadata.GetMethodDefinition(method);
            var text = _metadata.GetString(definition.Name);
            if (!text.StartsWith('<') && !IsOfRecord(text))
            {
                var signature = definition.DecodeSignature(new Names(this), null);
                yield return $"{name}.{text}({string.Join(", ", signature.ParameterTypes)}) : {signature.ReturnType}";
            }
        }

        foreach (var field in type.GetFields().Select(_metadata.GetFieldDefinition))
        {
            var text = _metadata.GetString(field.Name);
            if ((field.Attributes & FieldAttributes.FieldAccessMask) == FieldAttributes.Public && text != "value__")
            {
                yield return $"{name}.{text} : {field.DecodeSignature(new Names(this), null)}";
            }
        }
    }

    // What the compiler gives every record says nothing of its own.
    private static bool IsOfRecord(string method) =>
        method is "Equals" or "GetHashCode" or "ToString" or "op_Equality" or "op_Inequality" or "Deconstruct" or "PrintMembers"
            or "get_EqualityContract";

    private bool IsVisible(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily
                or TypeAttributes.NestedFamORAssem => IsVisible(type.GetDeclaringType()),
            _ => false,
        };
    }

    private bool IsVisible(MethodDefinitionHandle handle) => !handle.IsNil
        && (_metadata.GetMethodDefinition(handle).Attributes & MethodAttributes.MemberAccessMask)
            is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private string NameOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var name = _metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{NameOf(outer)}.{name}"
            : type.Namespace.IsNil ? name : $"{_metadata.GetString(type.Namespace)}.{name}";
    }

    /// <summary>Signatures as text.</summary>
    private sealed class Names(PublicSurface surface) : ISignatureTypeProvider<string, object?>
    {
        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{new string(',', shape.Rank - 1)}]";

        public string GetByReferenceType(string elementType) => $"ref {elementType}";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "delegate*";

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
            $"{genericType.Split('`')[0]}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetPinnedType(string elementType) => elementType;

        public string GetPointerType(string elementType) => $"{elementType}*";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSZArrayType(string elementType) => $"{elementType}[]";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            surface.NameOf(handle).Split('.')[^1];

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
            reader.GetString(reader.GetTypeReference(handle).Name);

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle,
            byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
    }
}
