using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace OfflinePatch.Core.Tests.Architecture;

/// <summary>Which public properties an assembly has, and which of others it reads; from compiled metadata.</summary>
internal static class PropertyReads
{
    private const string Getter = "get_";

    /// <summary>
    /// The public properties of public types that can be read, as <c>Type.Property</c>. Left out are those that answer for a base class or
    /// an interface (they are read under its name), and constants.
    /// </summary>
    public static IReadOnlyList<string> Offered(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var found = new List<string>();
        foreach (var type in metadata.TypeDefinitions.Select(metadata.GetTypeDefinition).Where(t => IsPublic(metadata, t)))
        {
            foreach (var property in type.GetProperties().Select(metadata.GetPropertyDefinition))
            {
                if (property.GetAccessors().Getter is { IsNil: false } getter
                    && metadata.GetMethodDefinition(getter).Attributes is var attributes
                    && (attributes & MethodAttributes.MemberAccessMask) == MethodAttributes.Public && !Answers(attributes))
                {
                    found.Add($"{NameOf(metadata, type)}.{metadata.GetString(property.Name)}");
                }
            }
        }

        return found;
    }

    /// <summary>The properties of types of other assemblies that an assembly reads, alone or by taking a record apart.</summary>
    public static IReadOnlySet<string> ReadBy(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in metadata.MemberReferences.Select(metadata.GetMemberReference))
        {
            var name = metadata.GetString(member.Name);
            if (OwnerOf(metadata, member.Parent) is { } owner)
            {
                if (name.StartsWith(Getter, StringComparison.Ordinal))
                {
                    found.Add($"{owner}.{name[Getter.Length..]}");
                }
                else if (name == "Deconstruct")
                {
                    found.Add($"{owner}.*");
                }
            }
        }

        return found;
    }

    // An override, or the implementation of an interface.
    private static bool Answers(MethodAttributes attributes) => (attributes & MethodAttributes.Virtual) != 0
        && ((attributes & MethodAttributes.NewSlot) == 0 || (attributes & MethodAttributes.Final) != 0);

    private static string? OwnerOf(MetadataReader metadata, EntityHandle parent)
    {
        switch (parent.Kind)
        {
            case HandleKind.TypeReference:
                var type = metadata.GetTypeReference((TypeReferenceHandle)parent);
                return type.ResolutionScope.Kind == HandleKind.TypeReference
                    ? $"{OwnerOf(metadata, type.ResolutionScope)}.{metadata.GetString(type.Name)}"
                    : $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            default:
                return null; // an instance of a generic type: the readers have none
        }
    }

    private static bool IsPublic(MetadataReader metadata, TypeDefinition type) =>
        (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic => IsPublic(metadata, metadata.GetTypeDefinition(type.GetDeclaringType())),
            _ => false,
        };

    private static string NameOf(MetadataReader metadata, TypeDefinition type) => type.GetDeclaringType() is { IsNil: false } outer
        ? $"{NameOf(metadata, metadata.GetTypeDefinition(outer))}.{metadata.GetString(type.Name)}"
        : $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
}
