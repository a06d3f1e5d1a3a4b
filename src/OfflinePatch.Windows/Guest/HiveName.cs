namespace OfflinePatch.Windows.Guest;

/// <summary>The hives in <c>System32\config</c>.</summary>
public enum HiveName
{
    /// <summary>HKLM\SYSTEM.</summary>
    System,

    /// <summary>HKLM\SOFTWARE.</summary>
    Software,

    /// <summary>HKLM\SAM: local accounts; never written.</summary>
    Sam,

    /// <summary>HKLM\SECURITY; never written.</summary>
    Security,

    /// <summary>HKLM\COMPONENTS: servicing state.</summary>
    Components,

    /// <summary>HKLM\DRIVERS: driver database of drivers that are not boot-critical (Windows 8 and later).</summary>
    Drivers,

    /// <summary>HKU\.DEFAULT.</summary>
    Default,
}

/// <summary>Names of hives.</summary>
public static class HiveNames
{
    /// <summary>The file in <c>System32\config</c>.</summary>
    public static string FileName(this HiveName name) => name switch
    {
        HiveName.System => "SYSTEM",
        HiveName.Software => "SOFTWARE",
        HiveName.Sam => "SAM",
        HiveName.Security => "SECURITY",
        HiveName.Components => "COMPONENTS",
        HiveName.Drivers => "DRIVERS",
        _ => "DEFAULT",
    };

    /// <summary>The hive of this file name, or null.</summary>
    public static HiveName? Find(string fileName)
    {
        foreach (var hive in Enum.GetValues<HiveName>())
        {
            if (hive.FileName().Equals(fileName, StringComparison.OrdinalIgnoreCase))
            {
                return hive;
            }
        }

        return null;
    }

    /// <summary>The key under which Windows shows it.</summary>
    public static string RootPath(this HiveName name) => name == HiveName.Default ? @"HKU\.DEFAULT" : @"HKLM\" + name.FileName();
}
