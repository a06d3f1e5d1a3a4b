using System.Text;
using System.Text.Json;
using OfflinePatch.Testing;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.CloudbaseInit;

[Trait("tier", "unit")]
public sealed class CloudbaseInitConfigTests
{
    private static readonly CloudbaseInitSetting[] Wanted =
    [
        new("DEFAULT", "username", "Administrator"),
        new("DEFAULT", "retry_count", "40", IsRequired: false),
        new("openstack", "add_metadata_private_ip_route", "False", IsRequired: false),
    ];

    [Theory]
    [InlineData("", "[DEFAULT]\r\nusername=Administrator\r\nretry_count=40\r\n[openstack]\r\nadd_metadata_private_ip_route=False\r\n")]
    [InlineData("[DEFAULT]\nusername=Admin\n# mine\nown=1\n\n[openstack]\nx=y\n",
        "[DEFAULT]\nusername=Administrator\n# mine\nown=1\nretry_count=40\n\n[openstack]\nx=y\nadd_metadata_private_ip_route=False\n")]
    [InlineData("[DEFAULT]\r\nusername = 'Administrator'\r\nretry_count: 7\r\n[OpenStack]\r\nadd_metadata_private_ip_route=True",
        "[DEFAULT]\r\nusername = 'Administrator'\r\nretry_count: 7\r\n[OpenStack]\r\nadd_metadata_private_ip_route=True")]
    [InlineData("[DEFAULT]\r\nusername=a\r\nusername=b\r\n  c\r\nretry_count=1\r\nUSERNAME=kept\r\n",
        "[DEFAULT]\r\nusername=Administrator\r\nretry_count=1\r\nUSERNAME=kept\r\n[openstack]\r\nadd_metadata_private_ip_route=False\r\n")]
    [InlineData("# head\r\n[openstack]\r\nusername=other",
        "# head\r\n[DEFAULT]\r\nusername=Administrator\r\nretry_count=40\r\n"
            + "[openstack]\r\nusername=other\r\nadd_metadata_private_ip_route=False\r\n")]
    [InlineData("# head\nusername=stray\nx=1\n",
        "# head\n[DEFAULT]\nusername=Administrator\nx=1\nretry_count=40\n[openstack]\nadd_metadata_private_ip_route=False\n")]
    [InlineData("own=stray\n",
        "[DEFAULT]\nown=stray\nusername=Administrator\nretry_count=40\n[openstack]\nadd_metadata_private_ip_route=False\n")]
    [InlineData("[default]\nusername=other\n", // the agent's reader tells the names of sections apart by case here alone
        "[DEFAULT]\nusername=Administrator\nretry_count=40\n[default]\nusername=other\n"
            + "[openstack]\nadd_metadata_private_ip_route=False\n")]
    public void Settings_land_where_the_agent_looks_for_them(string before, string after)
    {
        var first = Apply(Encoding.UTF8.GetBytes(before));
        Assert.Equal(after, Encoding.UTF8.GetString(first.ToArray()));
        var second = Apply(first.ToArray());
        Assert.False(second.MustBeWritten);
        Assert.Equal("Administrator", second.Get("DEFAULT", "username"));
        Assert.Empty(second.Mistakes);
    }

    [Fact]
    public void Bytes_that_are_not_changed_stay()
    {
        byte[] before = [.. "[DEFAULT]\r\n# caf"u8, 0xE9, .. " \xC3\xA9\r\nown=\xE2\x82\xAC"u8, 0xFF, .. "\r\n"u8];
        var after = Apply(before).ToArray();
        Assert.Equal(before, after[..before.Length]);
        byte[] marked = [0xEF, 0xBB, 0xBF,
            .. "[DEFAULT]\r\nusername=Administrator\r\nretry_count=1\r\n[openstack]\r\nadd_metadata_private_ip_route=1\r\n"u8];
        var config = Apply(marked);
        Assert.True(config.MustBeWritten);
        Assert.Equal(marked[3..], config.ToArray());
        Assert.False(Apply(config.ToArray()).MustBeWritten);
        byte[] wide = [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("[DEFAULT]\r\nown=ü\r\n")];
        Assert.StartsWith("[DEFAULT]\r\nown=ü\r\nusername=", Encoding.Latin1.GetString(Apply(wide).ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[DEFAULT]\nnonsense\n", "line 2")]
    [InlineData("[DEFAULT\n", "line 1")]
    [InlineData("[DEFAULT]\n\n  indented\n", "line 3")]
    [InlineData("a=b\n", "line 1")]
    [InlineData("[DEFAULT]\n=b\n", "line 2")]
    public void Lines_that_stop_the_agent_are_named(string text, string line) =>
        Assert.Contains(CloudbaseInitConfig.Parse(Encoding.UTF8.GetBytes(text)).Mistakes,
            m => m.StartsWith(line, StringComparison.Ordinal));

    [Fact]
    public void A_profile_becomes_options()
    {
        var settings = CloudbaseInitSettings.For(TargetCatalog.Get("huawei-ims"));
        Assert.Contains(new CloudbaseInitSetting("DEFAULT", "netbios_host_name_compatibility", "false"), settings);
        Assert.Contains(new CloudbaseInitSetting("DEFAULT", "retry_count_interval", "5", IsRequired: false), settings);
        Assert.Contains(new CloudbaseInitSetting("openstack", "add_metadata_private_ip_route", "False", IsRequired: false), settings);
        Assert.Equal("1.1.2", CloudbaseInitSettings.VersionFor(TargetCatalog.Get("otc")));
        Assert.DoesNotContain(CloudbaseInitSettings.For(TargetCatalog.Get("otc")), s => s.Key == "version");
        Assert.Equal("Administrator", CloudbaseInitSettings.For(TargetProfile.Empty).Single(s => s.Key == "username").Value);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Pythons_own_reader_sees_what_the_target_wants()
    {
        Oracle.Require("python3");
        using var scratch = new ScratchFolder();
        var settings = CloudbaseInitSettings.For(TargetCatalog.Get("huawei-ims"));
        var plan = CloudbaseInitPlan.Create(CloudbaseInitPackage.Open(SamplePackage.Tree()), settings);
        var script = "import configparser,json,sys\nc=configparser.RawConfigParser(default_section='none');c.optionxform=str;"
            + "c.read(sys.argv[1],encoding='utf-8')\nprint(json.dumps({s:dict(c[s]) for s in c.sections()}))";
        foreach (var text in new[] { plan.ConfText, "[DEFAULT]\nusername=Admin\nplugins=a\nplugins=b\n[openstack]\nx=1\n" })
        {
            var config = CloudbaseInitConfig.Parse(Encoding.UTF8.GetBytes(text));
            foreach (var setting in settings)
            {
                config.Apply(setting);
            }

            File.WriteAllBytes(scratch["c.conf"], config.ToArray());
            using var json = JsonDocument.Parse(Oracle.Run("python3", "-c", script, scratch["c.conf"]).MustSucceed().Output);
            Assert.All(settings, s => Assert.Equal(s.Value, json.RootElement.GetProperty(s.Section).GetProperty(s.Key).GetString()));
        }
    }

    private static CloudbaseInitConfig Apply(byte[] bytes)
    {
        var config = CloudbaseInitConfig.Parse(bytes);
        foreach (var setting in Wanted)
        {
            config.Apply(setting);
        }

        return config;
    }

    /// <summary>
    /// Files as users leave them, edited, and read by another parser that refuses what is doubtful: an option or section twice, a line of
    /// nothing.
    /// </summary>
    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("", null, null)]
    [InlineData("[DEFAULT]\r\nusername=a\r\nusername=b\r\nown = 1\r\n[openstack]\r\nx=y\r\n[mine]\r\nz=%(not)s\r\n", "mine/z", "%(not)s")]
    [InlineData("# head\n[openstack]\nusername=other\n\n; tail", "openstack/username", "other")]
    [InlineData("\uFEFF[DEFAULT]\nretry_count: 7\nown=first\n  second line\n", "DEFAULT/own", "first\nsecond line")]
    public void Another_parser_reads_the_wanted_settings_and_the_users_own(string before, string? ownKey, string? ownValue)
    {
        Oracle.Require("python3");
        const string Script = """
            import configparser, json, sys
            c = configparser.ConfigParser(interpolation=None, strict=True, default_section='(none)')
            c.read_string(open(sys.argv[1], 'rb').read().decode('utf-8'))
            print(json.dumps({s + '/' + k: v for s in c.sections() for k, v in c[s].items()}))
            """;
        using var scratch = new ScratchFolder();
        var config = Apply(Encoding.UTF8.GetBytes(before));
        File.WriteAllBytes(scratch["conf"], config.ToArray());
        using var json = JsonDocument.Parse(Oracle.Run("python3", "-c", Script, scratch["conf"]).MustSucceed().Output);
        var read = json.RootElement.EnumerateObject().ToDictionary(o => o.Name, o => o.Value.GetString(), StringComparer.Ordinal);
        Assert.All(Wanted.Where(w => w.IsRequired), w => Assert.Equal(w.Value, read[$"{w.Section}/{w.Key}"]));
        Assert.All(Wanted, w => Assert.Equal(config.Get(w.Section, w.Key), read[$"{w.Section}/{w.Key}"]));
        Assert.Equal(ownValue, ownKey is null ? null : read[ownKey]);
    }
}
