using System.Globalization;
using System.Text;

namespace OfflinePatch.Windows.FirstStart;

/// <summary>
/// The PowerShell script that applies settings to the adapters of the new machine. It uses netsh, route and WMI, which Windows 7 has with
/// PowerShell 2. An adapter is taken by its MAC address; without one, only where exactly one adapter and one set of settings are left. Old
/// adapters that are no longer there are removed first, so that name and address are free.
/// </summary>
internal static class NetworkScript
{
    /// <summary>The text.</summary>
    /// <param name="wanted">The settings.</param>
    /// <param name="routes">Persistent routes, as <c>destination,mask,gateway,metric</c>.</param>
    public static string Create(IReadOnlyList<NetworkSettings> wanted, IReadOnlyList<string> routes)
    {
        var text = new StringBuilder("# Gives the static settings of the old machine to the adapters of this one. Made by "
            + "OfflinePatch.\n$wanted = @(\n");
        foreach (var (settings, i) in wanted.Select((s, i) => (s, i)))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  @{{ Mac = {Quote(settings.Mac)}; Name = {Quote(settings.Name)}; Device = {Quote(settings.Device)}; Metric = "
                    + $"{settings.Metric}; ")
                .Append(CultureInfo.InvariantCulture,
                    $"Addresses = {List(settings.Addresses)}; Gateways = {List(settings.Gateways)}; Dns = {List(settings.DnsServers)}; "
                        + $"Addresses6 = {List(settings.Addresses6)} }}")
                .Append(i < wanted.Count - 1 ? ",\n" : "\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $")\n$routes = {List(routes)}\n").Append(Body).ToString()
            .ReplaceLineEndings("\r\n");
    }

    private static string List(IEnumerable<string> items) => $"@({string.Join(", ", items.Select(Quote))})";

    /// <summary>
    /// A text as PowerShell reads it: between quotes where it is printable ASCII, else by code. Windows PowerShell reads a script in the
    /// code page of the machine, where other bytes can be anything, a quote too. Control characters are left out.
    /// </summary>
    internal static string Quote(string? text)
    {
        var quoted = new StringBuilder("'");
        var isPlain = true;
        foreach (var c in (text ?? "").Where(c => !char.IsControl(c)))
        {
            if (c is >= ' ' and <= '~')
            {
                quoted.Append(c == '\'' ? "''" : c.ToString());
            }
            else
            {
                isPlain = false;
                quoted.Append(CultureInfo.InvariantCulture, $"' + [char]0x{(int)c:X4} + '");
            }
        }

        quoted.Append('\'');
        return isPlain ? quoted.ToString() : $"({quoted})";
    }

    private const string Body = """
        $tries = 60
        $pause = 5

        function Get-Adapters {
          @(Get-WmiObject Win32_NetworkAdapter | Where-Object {
              $_.MACAddress -and $_.NetConnectionID -and $_.PNPDeviceID -notlike 'ROOT\*' -and $_.PNPDeviceID -notlike 'SWD\*'
          })
        }

        # The driver of a new adapter may still be being installed.
        $adapters = @()
        for ($try = 0; $try -lt $tries; $try++) {
          $adapters = @(Get-Adapters)
          if ($adapters.Count -ge $wanted.Count) { break }
          Start-Sleep -Seconds $pause
        }

        $pairs = @()
        $left = @()
        $taken = @{}
        foreach ($one in $wanted) {
          $match = @($adapters | Where-Object {
              $one.Mac -and $_.MACAddress -eq $one.Mac -and -not $taken.ContainsKey([string]$_.InterfaceIndex)
          })
          if ($match.Count -eq 1) {
            $pairs += ,@($one, $match[0])
            $taken[[string]$match[0].InterfaceIndex] = $true
          } else {
            $left += ,$one
          }
        }
        $free = @($adapters | Where-Object { -not $taken.ContainsKey([string]$_.InterfaceIndex) })
        if ($left.Count -eq 1 -and $free.Count -eq 1) {
          $pairs += ,@($left[0], $free[0])
        } elseif ($left.Count -gt 0) {
          foreach ($one in $left) {
            Write-Output ("not given to any adapter, DHCP stays: {0} {1} {2}" -f `
                $one.Name, $one.Mac, ($one.Addresses + $one.Addresses6 -join ' '))
          }
          foreach ($adapter in $free) {
            Write-Output ("adapter without settings: {0} {1}" -f $adapter.NetConnectionID, $adapter.MACAddress)
          }
        }

        # Old adapters that are no longer there keep their names and addresses until they are removed.
        $source = @'
        using System;
        using System.Runtime.InteropServices;
        using System.Text;
        public static class OfflinePatchDevices
        {
            [StructLayout(LayoutKind.Sequential)]
            struct DeviceInfo { public int Size; public Guid Class; public uint Instance; public IntPtr Reserved; }
            [DllImport("setupapi.dll", SetLastError = true)]
            static extern IntPtr SetupDiGetClassDevsW(ref Guid group, IntPtr enumerator, IntPtr window, uint flags);
            [DllImport("setupapi.dll", SetLastError = true)]
            static extern bool SetupDiEnumDeviceInfo(IntPtr set, uint index, ref DeviceInfo device);
            [DllImport("setupapi.dll", SetLastError = true, CharSet = CharSet.Unicode)]
            static extern bool SetupDiGetDeviceInstanceIdW(IntPtr set, ref DeviceInfo device, StringBuilder text, int size, out int needed);
            [DllImport("setupapi.dll", SetLastError = true)]
            static extern bool SetupDiCallClassInstaller(uint function, IntPtr set, ref DeviceInfo device);
            [DllImport("setupapi.dll", SetLastError = true)]
            static extern bool SetupDiDestroyDeviceInfoList(IntPtr set);
            [DllImport("cfgmgr32.dll")]
            static extern int CM_Get_DevNode_Status(out uint status, out uint problem, uint instance, uint flags);
            public static bool RemoveIfAbsent(string id)
            {
                Guid net = new Guid("4d36e972-e325-11ce-bfc1-08002be10318");
                IntPtr set = SetupDiGetClassDevsW(ref net, IntPtr.Zero, IntPtr.Zero, 0);
                if (set == new IntPtr(-1)) { return false; }
                try
                {
                    DeviceInfo device = new DeviceInfo();
                    device.Size = Marshal.SizeOf(device);
                    for (uint i = 0; SetupDiEnumDeviceInfo(set, i, ref device); i++)
                    {
                        StringBuilder text = new StringBuilder(512);
                        int needed;
                        uint status, problem;
                        if (SetupDiGetDeviceInstanceIdW(set, ref device, text, text.Capacity, out needed)
                            && String.Equals(text.ToString(), id, StringComparison.OrdinalIgnoreCase)
                            && CM_Get_DevNode_Status(out status, out problem, device.Instance, 0) == 0x0D)
                        {
                            return SetupDiCallClassInstaller(5, set, ref device);
                        }
                    }
                    return false;
                }
                finally { SetupDiDestroyDeviceInfoList(set); }
            }
        }
        '@
        $present = @($adapters | ForEach-Object { $_.PNPDeviceID })
        try {
          Add-Type -TypeDefinition $source
          foreach ($one in $wanted) {
            if ($one.Device -and $present -notcontains $one.Device) {
              $removed = [OfflinePatchDevices]::RemoveIfAbsent($one.Device)
              Write-Output ("old adapter {0}: {1}" -f $one.Device, $(if ($removed) { 'removed' } else { 'not removed' }))
            }
          }
        } catch {
          Write-Output ("old adapters were not removed: {0}" -f $_)
        }

        foreach ($pair in $pairs) {
          $one = $pair[0]
          $index = $pair[1].InterfaceIndex
          Write-Output ("{0} ({1}) gets {2}" -f $pair[1].NetConnectionID, $pair[1].MACAddress, ($one.Addresses + $one.Addresses6 -join ' '))
          if ($one.Name -and $pair[1].NetConnectionID -ne $one.Name) {
            netsh interface set interface "name=$($pair[1].NetConnectionID)" "newname=$($one.Name)"
          }
          $first = $true
          foreach ($address in $one.Addresses) {
            $ip, $mask = $address -split '/'
            if ($first) { netsh interface ipv4 set address "name=$index" source=static "address=$ip" "mask=$mask" gateway=none }
            else { netsh interface ipv4 add address "name=$index" "address=$ip" "mask=$mask" }
            $first = $false
          }
          foreach ($gateway in $one.Gateways) {
            $ip, $metric = $gateway -split '/'
            if ($metric -eq '0') { netsh interface ipv4 add route prefix=0.0.0.0/0 "interface=$index" "nexthop=$ip" store=persistent }
            else { netsh interface ipv4 add route prefix=0.0.0.0/0 "interface=$index" "nexthop=$ip" "metric=$metric" store=persistent }
          }
          foreach ($address in $one.Addresses6) {
            netsh interface ipv6 add address "interface=$index" "address=$address" store=persistent
          }
          $first4 = $true
          $first6 = $true
          foreach ($server in $one.Dns) {
            if ($server -like '*:*') {
              if ($first6) { netsh interface ipv6 set dnsservers "name=$index" source=static "address=$server" validate=no }
              else { netsh interface ipv6 add dnsservers "name=$index" "address=$server" validate=no }
              $first6 = $false
            } else {
              if ($first4) { netsh interface ipv4 set dnsservers "name=$index" source=static "address=$server" validate=no }
              else { netsh interface ipv4 add dnsservers "name=$index" "address=$server" validate=no }
              $first4 = $false
            }
          }
          if ($one.Metric -gt 0) { netsh interface ipv4 set interface "interface=$index" "metric=$($one.Metric)" }
        }

        if ($pairs.Count -eq 0 -and $wanted.Count -gt 0) {
          if ($routes.Count -gt 0) { Write-Output ("routes not added: {0}" -f ($routes -join '; ')) }
        } else {
          foreach ($route in $routes) {
            $to, $mask, $gateway, $metric = $route -split ','
            if ($metric -eq '0') { route -p add $to mask $mask $gateway } else { route -p add $to mask $mask $gateway metric $metric }
          }
        }
        exit 0

        """;
}
