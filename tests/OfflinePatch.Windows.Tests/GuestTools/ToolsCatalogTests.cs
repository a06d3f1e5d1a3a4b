using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Testing;
using OfflinePatch.Windows.GuestTools;

namespace OfflinePatch.Windows.Tests.GuestTools;

/// <summary>The files of products: what is in the program, and what is refused.</summary>
[Trait("tier", "unit")]
public sealed class ToolsCatalogTests
{
    private const string Least = """{ "schema": 1, "id": "ours", "title": "Our agent", "source": "our handbook" """;

    [Fact]
    public void Every_file_of_the_folder_is_a_product_of_the_program()
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "src", "OfflinePatch.Windows", "GuestTools"), "*.json")
            .Select(Path.GetFileNameWithoutExtension).Where(f => f != "schema").Order(StringComparer.Ordinal);
        Assert.Equal(files, ToolsCatalog.Embedded.Products.Select(p => p.Id));
        Assert.All(ToolsCatalog.Embedded.Products, p => Assert.NotEmpty(p.Services));
    }

    [Fact]
    public void A_product_of_an_operator_stands_beside_the_others_or_in_place_of_one()
    {
        var more = ToolsCatalog.With(Encoding.UTF8.GetBytes(Least + """, "services": ["OurAgent"] }"""), "ours.json");
        Assert.Equal(ToolsCatalog.Embedded.Products.Count + 1, more.Products.Count);
        Assert.Equal("Our agent", more.Get("OURS").Title);
        var other = ToolsCatalog.With(Encoding.UTF8.GetBytes(Least.Replace("ours", "vmware", StringComparison.Ordinal) + "}"), "mine.json");
        Assert.Equal(ToolsCatalog.Embedded.Products.Count, other.Products.Count);
        Assert.Equal("Our agent", other.Get("vmware").Title);
        Assert.Equal("TLS-0002", Assert.Throws<RefusedException>(() => other.Get("nothing")).Code);
    }

    [Theory]
    [InlineData("""{ "schema": 1, "id": "ours", "title": "t" }""", "needs")]
    [InlineData("""{ "schema": 2, "id": "ours", "title": "t", "source": "s" }""", "needs")]
    [InlineData("""{ "schema": 1, "id": "all", "title": "t", "source": "s" }""", "needs")]
    [InlineData("""{ "schema": 1, "id": "ours", "title": "t", "source": "s", "servces": [] }""", "line 1")]
    [InlineData("""{ "schema": 1, "id": "ours", "id": "ours", "title": "t", "source": "s" }""", "line 1")]
    [InlineData(Least + """, "services": ["storvsc"] }""", "belongs to Windows")]
    [InlineData(Least + """, "filters": ["kbdclass"] }""", "belongs to Windows")]
    [InlineData(Least + """, "services": ["vm*"] }""", "not the name of a service")]
    [InlineData(Least + """, "services": [" vmci"] }""", "blanks")]
    [InlineData(Least + """, "infs": ["vm*.inf"] }""", "not the name of an INF")]
    [InlineData(Least + """, "folders": ["Windows\\System32"] }""", "not one of a product")]
    [InlineData(Least + """, "folders": ["Program Files"] }""", "not one of a product")]
    [InlineData(Least + """, "folders": ["Program Files\\Common Files"] }""", "not one of a product")]
    [InlineData(Least + """, "folders": ["Program Files\\..\\Windows\\x"] }""", "not one of a product")]
    [InlineData(Least + """, "folders": ["Users\\*\\AppData\\Local"] }""", "not one of a product")]
    [InlineData(Least + """, "folders": ["C:\\Program Files\\Ours"] }""", "not one of a product")]
    [InlineData(Least + """, "files": ["Windows\\System32\\drivers\\vmware*"] }""", "not named exactly")]
    [InlineData(Least + """, "keys": ["SOFTWARE\\Microsoft"] }""", "belongs to Windows as a whole")]
    [InlineData(Least + """, "keys": ["SYSTEM\\CurrentControlSet\\Services"] }""", "belongs to Windows as a whole")]
    [InlineData(Least + """, "keys": ["SAM\\SAM"] }""", "not below SOFTWARE")]
    [InlineData(Least + """, "productCodes": ["vmware"] }""", "not a code of Windows Installer")]
    [InlineData("[]", "line 1")]
    [InlineData("null", "empty")]
    public void What_is_not_understood_or_would_take_parts_of_Windows_is_refused(string json, string why)
    {
        var error = Assert.Throws<UnsupportedImageException>(() => ToolsCatalog.With(Encoding.UTF8.GetBytes(json), "ours.json"));
        Assert.Equal("TLS-0001", error.Code);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Codes of VMware Tools in both forms, as public lists of its registry keys have them.</summary>
    [Theory]
    [InlineData("{9709436B-5A41-4946-8BE7-2AA433CAF108}", "B634907914A56494B87EA24A33AC1F80")]
    [InlineData("{FE2F6A2C-196E-4210-9C04-2B1BC21F07EF}", "C2A6F2EFE6910124C940B2B12CF170FE")]
    public void Codes_are_packed_as_Windows_Installer_does(string code, string packed) =>
        Assert.Equal(packed, InstallerRecords.Pack(Guid.Parse(code)));
}
