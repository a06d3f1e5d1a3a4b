using System.Text;

namespace OfflinePatch.Testing;

/// <summary>Makes MSI packages with wixl, a foreign writer.</summary>
public static class WixlPackage
{
    /// <summary>Packs a host folder below <c>ProgramFiles64Folder\Vendor\Product</c>; returns the path of the package.</summary>
    public static string Create(ScratchFolder scratch, string folder)
    {
        Oracle.Require("wixl");
        var counter = 0;
        var components = new StringBuilder();
        string Directories(string path, string indent)
        {
            var xml = new StringBuilder();
            foreach (var file in Directory.EnumerateFiles(path).Order(StringComparer.Ordinal))
            {
                counter++;
                xml.AppendLine($"{indent}<Component Id='C{counter}' Guid='{new Guid(counter, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)}'><File "
                    + $"Id='F{counter}' Name='{Path.GetFileName(file)}' Source='{Path.GetRelativePath(scratch.Path, file)}'/></Component>");
                components.AppendLine($"<ComponentRef Id='C{counter}'/>");
            }

            foreach (var below in Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal))
            {
                xml.AppendLine($"{indent}<Directory Id='D{++counter}' Name='{Path.GetFileName(below)}'>")
                    .Append(Directories(below, indent + "  ")).AppendLine($"{indent}</Directory>");
            }

            return xml.ToString();
        }

        var tree = Directories(folder, "  ");
        File.WriteAllText(scratch["p.wxs"], $"""
            <?xml version='1.0' encoding='utf-8'?>
            <Wix xmlns='http://schemas.microsoft.com/wix/2006/wi'>
              <Product Name='Cloudbase-Init 1.1.6' Id='*' UpgradeCode='12345678-1234-1234-1234-111111111111' Language='1033' Codepage='1252'
                       Version='1.1.6.0' Manufacturer='Nobody'>
                <Package Id='*' Manufacturer='Nobody' InstallerVersion='200' Languages='1033' Compressed='yes' SummaryCodepage='1252'/>
                <Media Id='1' Cabinet='files.cab' EmbedCab='yes'/>
                <Directory Id='TARGETDIR' Name='SourceDir'>
                  <Directory Id='ProgramFiles64Folder' Name='PFiles'>
                    <Directory Id='VENDOR' Name='Vendor'><Directory Id='INSTALLDIR' Name='Product'>
            {tree}        </Directory></Directory>
                  </Directory>
                </Directory>
                <Feature Id='Main' Level='1'>{components}</Feature>
              </Product>
            </Wix>
            """);
        Oracle.RunIn(scratch.Path, "wixl", "-o", scratch["p.msi"], scratch["p.wxs"]).MustSucceed();
        return scratch["p.msi"];
    }
}
