using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;

namespace OfflinePatch.Drivers.Tests.Inf;

[Trait("tier", "unit")]
public sealed class InfEvaluatorTests
{
    private const string Head = "[Version]\nSignature=\"$Windows NT$\"\n";

    private static InfEffects Run(string text, InfEvaluationOptions? options = null) =>
        InfEvaluator.Evaluate(InfFile.Parse(Head + text, "t.inf"), "i", Targets.Windows10, options);

    private static string Show(InfRegistryEdit e) =>
        $"{e.Context}{(e.Owner.Length > 0 ? ":" + e.Owner : "")} {e.Root}\\{e.Key} [{e.ValueName}] {e.Action} {e.Type} "
            + $"{Convert.ToHexString(e.Data)}";

    [Fact]
    public void The_whole_storage_driver()
    {
        var effects = InfEvaluator.Evaluate(InfFile.Parse(InfSamples.Storage, "sample.inf"), "sample_inst", Targets.Windows10);
        var service = Assert.Single(effects.Services);
        Assert.Equal(("sample", 2u, 1u, 0u, 1u, "SCSI miniport", @"%12%\sample.sys"),
            (service.Name, service.Flags, service.ServiceType, service.StartType, service.ErrorControl, service.LoadOrderGroup,
                service.Binary!.ToString()));
        Assert.Equal(["pci"], service.DependOnServices);
        Assert.Equal(["Boot Bus Extender"], service.DependOnGroups);
        Assert.Same(service, effects.FunctionDriver);
        var copy = Assert.Single(effects.Files);
        Assert.Equal(("sample.sys", @"%12%\sample.sys", 2u), (copy.Source, copy.Destination.ToString(), copy.Flags));
        Assert.Equal([new InfEventSource("System", "sample")], effects.EventSources);
        Assert.Equal(
            [
                @"Service:sample Relative\Parameters\PnpInterface [5] Set 4 01000000",
                @"Service:sample Relative\Parameters [BusType] Set 4 0A000000",
                @"EventLog:System\sample Relative\ [EventMessageFile] Set 2 "
                    + Convert.ToHexString(Encoding.Unicode.GetBytes("%SystemRoot%\\System32\\IoLogMsg.dll\0")),
                @"EventLog:System\sample Relative\ [TypesSupported] Set 4 07000000",
                @"Device Relative\Interrupt Management [] CreateKey 0 ",
                @"Device Relative\Interrupt Management\MessageSignaledInterruptProperties [MSISupported] Set 4 01000000",
            ],
            effects.Registry.Select(Show));
        Assert.Empty(effects.Notices);
    }

    [Theory]
    [InlineData("HKR,,a,,text", "Driver Relative\\ [a] Set 1 7400650078007400" + "0000")]
    [InlineData("HKLM,k\\l,a,0x20000,t", "Driver LocalMachine\\k\\l [a] Set 2 74000000")]
    [InlineData("HKR,,a,0x10000,x,,y", "Driver Relative\\ [a] Set 7 7800000079000000" + "0000")]
    [InlineData("HKR,,a,1,01,ff,0x7,8", "Driver Relative\\ [a] Set 3 01FF0708")]
    [InlineData("HKR,,a,0x10001,0x1234", "Driver Relative\\ [a] Set 4 34120000")]
    [InlineData("HKR,,a,0x10001,-1", "Driver Relative\\ [a] Set 4 FFFFFFFF")]
    [InlineData("HKR,,a,0x10001,1,2,3,4", "Driver Relative\\ [a] Set 4 01020304")]
    [InlineData("HKR,,a,0x10001", "Driver Relative\\ [a] Set 4 00000000")]
    [InlineData("HKR,,a,0xB0001,0x1122334455667788", "Driver Relative\\ [a] Set 11 8877665544332211")]
    [InlineData("HKR,,a,0xB0001,1,0,0,0,0,0,0,80", "Driver Relative\\ [a] Set 11 0100000000000080")]
    [InlineData("HKR,,a,0x20001", "Driver Relative\\ [a] Set 0 ")]
    [InlineData("HKR,,a,0x80001,aa", "Driver Relative\\ [a] Set 8 AA")]
    [InlineData("HKR,,a,0x2,t", "Driver Relative\\ [a] SetIfAbsent 1 74000000")]
    [InlineData("HKR,,a,0x20,t", "Driver Relative\\ [a] SetIfPresent 1 74000000")]
    [InlineData("HKR,,a,0x10008,t", "Driver Relative\\ [a] Append 7 740000000000")]
    [InlineData("HKR,,a,4", "Driver Relative\\ [a] DeleteValue 0 ")]
    [InlineData("HKR,sub,,0x10", "Driver Relative\\sub [] CreateKey 0 ")]
    [InlineData("HKR,sub", "Driver Relative\\sub [] CreateKey 0 ")]
    [InlineData("HKCR,x,,,t", "Driver ClassesRoot\\x [] Set 1 74000000")]
    public void Add_reg_types_and_flags(string line, string expected) =>
        Assert.Equal(expected, Show(Assert.Single(Run($"[i]\nAddReg=r\n[r]\n{line}\n").Registry)));

    [Theory]
    [InlineData("HKR,a", "Driver Relative\\a [] DeleteKey 0 ")]
    [InlineData("HKR,a,v", "Driver Relative\\a [v] DeleteValue 0 ")]
    [InlineData("HKR,,v,0x00018002,t", "Driver Relative\\ [v] RemoveStrings 7 740000000000")]
    public void Del_reg(string line, string expected) =>
        Assert.Equal(expected, Show(Assert.Single(Run($"[i]\nDelReg=r\n[r]\n{line}\n").Registry)));

    [Theory]
    [InlineData("AddReg=r\n[r]\nHKX,a,b,,c", "HKX is not a registry root.")]
    [InlineData("AddReg=r\n[r]\nHKR,,b,zz,c", "the flags zz are not a number.")]
    [InlineData("AddReg=r\n[r]\nHKR,,b,1,100", "100 is not a byte in hexadecimal.")]
    [InlineData("AddReg=r\n[r]\nHKR,,b,0x10001,0x1FFFFFFFF", "0x1FFFFFFFF is not a 32-bit number.")]
    [InlineData("AddReg=missing", "AddReg names [missing], which does not exist.")]
    [InlineData("DelReg=r\n[r]\nHKLM", "DelReg of a whole root is not done.")]
    [InlineData("CopyFiles=missing", "CopyFiles names [missing], which does not exist.")]
    [InlineData("CopyFiles=l\n[l]\n..\\..\\x.sys\n[SourceDisksFiles]\n..\\..\\x.sys=1", @"..\..\x.sys leads out of the package.")]
    [InlineData("CopyFiles=l\n[l]\n..\\..\\x.sys,x.sys\n[SourceDisksFiles]\nx.sys=1", @"..\..\x.sys leads out of the package.")]
    [InlineData("CopyFiles=l\n[l]\nx.sys,..\\..\\x.sys\n[SourceDisksFiles]\n..\\..\\x.sys=1", "x.sys leads out of the package.")]
    [InlineData("CopyFiles=l\n[l]\nx.sys\n[DestinationDirs]\nl=12,..\\..\n[SourceDisksFiles]\nx.sys=1", "x.sys leads out of the package.")]
    [InlineData("CopyFiles=@x.sys\n[SourceDisksFiles]\nx.sys=1,..\\y", @"x.sys is not listed in SourceDisksFiles.")]
    [InlineData("CopyFiles=@x.sys", "x.sys is not listed in SourceDisksFiles.")]
    public void Problems_are_told(string text, string message)
    {
        var notice = Assert.Single(Run("[i]\n" + text).Notices);
        Assert.Equal((InfNoticeKind.Problem, message), (notice.Kind, notice.Message));
    }

    [Fact]
    public void Unknown_directives_are_listed()
    {
        var notices = Run("[i]\nFrobnicate=1\nstray line\nReboot=1\n[i.Events]\nx=y\n").Notices;
        Assert.Equal([(InfNoticeKind.Unknown, 4), (InfNoticeKind.Unknown, 5), (InfNoticeKind.NotApplied, 6), (InfNoticeKind.NotApplied, 0)],
            notices.Select(n => (n.Kind, n.Line)));
    }

    [Fact]
    public void Platform_sections_and_their_suffixes()
    {
        const string Text =
            "[i]\nAddReg=plain\n[i.NTamd64]\nAddReg=amd\n[i.NTamd64.Services]\nAddService=s,2,svc\n[i.Services]\nAddService=wrong,2,svc\n"
                + "[svc]\nServiceType=1\n"
            + "[plain]\nHKR,,plain\n[amd]\nHKR,,amd,,1\n";
        var effects = Run(Text);
        Assert.Equal("i.NTamd64", effects.InstallSection);
        Assert.Equal("s", Assert.Single(effects.Services).Name);
        Assert.Equal("amd", Assert.Single(effects.Registry).ValueName);
        Assert.Equal("i", InfEvaluator.Evaluate(InfFile.Parse(Head + Text, "t.inf"), "i", Targets.Windows7X86).InstallSection);
    }

    [Fact]
    public void Service_binaries()
    {
        static string Binary(string text) => Run($"[i]\n[i.Services]\nAddService=s,2,svc\n[svc]\nServiceBinary={text}\n")
            .Services[0] is var s ? $"{s.Binary} {s.BinaryArguments}".Trim() : "";
        Assert.Equal(@"%13%\x.sys", Binary(@"%13%\x.sys"));
        Assert.Equal(@"%10%\System32\drivers\x.sys", Binary(@"%%SystemRoot%%\System32\drivers\x.sys"));
        Assert.Equal(@"%10%\system32\x.sys", Binary(@"system32\x.sys"));
        Assert.Equal(@"%13%\svc.exe -k run", Binary(@"""%13%\svc.exe -k run"""));
        Assert.Equal(@"%11%\a b.exe -x", Binary(@"""""""%11%\a b.exe"""" -x"""));
        Assert.Equal(@"D:\x.sys", Binary(@"D:\x.sys"));

        // an absolute path; the id of no folder
        var absolute = Run("[i]\n[i.Services]\nAddService=s,2,svc\n[svc]\nServiceBinary=%65535%\\x.sys\n").Services[0].Binary!;
        Assert.Equal((-1, "x.sys"), (absolute.DirectoryId, absolute.Relative));
    }

    [Fact]
    public void Copy_files_destinations_and_sources()
    {
        var files = Run("""
            [i]
            CopyFiles=list,@one.dll,renamed
            [list]
            a.sys
            b.sys,bsrc.sys,,0x4000
            [renamed]
            c.sys
            [DestinationDirs]
            DefaultDestDir=11
            list=12
            renamed=13,deep\er
            [SourceDisksNames]
            1="d",,,\amd
            2="e"
            [SourceDisksFiles]
            a.sys=1,sub
            one.dll=2
            c.sys=2,.\in
            [SourceDisksFiles.amd64]
            bsrc.sys=1
            """).Files;
        Assert.Equal(
            [(@"amd\sub\a.sys", @"%12%\a.sys", 0u), (@"amd\bsrc.sys", @"%12%\b.sys", 0x4000u), ("one.dll", @"%11%\one.dll", 0u),
                (@"in\c.sys", @"%13%\deep\er\c.sys", 0u)],
            files.Select(f => (f.Source, f.Destination.ToString(), f.Flags)));
    }

    [Fact]
    public void Include_and_needs_come_from_the_resolver()
    {
        var included =
            InfFile.Parse(Head + "[ports.NT]\nAddReg=p\nCopyFiles=pf\n[p]\nHKR,,EnumPropPages32,,\"MsPorts.dll\"\n[pf]\nserial.sys\n"
                + "[ports.Services]\nAddService=Serial,2,ss\n[ss]\nServiceType=1\nStartType=3\nServiceBinary=%12%\\serial.sys\n",
                "msports.inf");
        const string Text = "[i]\nInclude=msports.inf\nNeeds=ports.NT\n[i.Services]\nInclude=msports.inf\nNeeds=ports.Services\n";
        var effects = Run(Text, new InfEvaluationOptions { Include = n => n == "msports.inf" ? included : null });
        Assert.Equal(("Serial", "msports.inf", ""), (effects.Services[0].Name, effects.IncludedInfs[0], effects.Files[0].Source));
        Assert.Equal("EnumPropPages32", Assert.Single(effects.Registry).ValueName);
        Assert.Empty(effects.Notices);
        Assert.All(Run(Text, new InfEvaluationOptions { Include = _ => null }).Notices, n => Assert.Equal(InfNoticeKind.Problem, n.Kind));
        Assert.All(Run(Text).Notices, n => Assert.Equal(InfNoticeKind.NotApplied, n.Kind));
    }

    [Fact]
    public void Recursive_needs_are_told()
    {
        Assert.Equal("[i] needs itself.", Assert.Single(Run("[i]\nNeeds=a\n[a]\nNeeds=i\n").Notices).Message);
        var deep = "[i]\nNeeds=d0\n" + string.Concat(Enumerable.Range(0, 20).Select(n => $"[d{n}]\nNeeds=d{n + 1}\n")) + "[d20]\n";
        Assert.Equal("INF-0013", Assert.Throws<CorruptImageException>(() => Run(deep)).Code);
        var wide = new StringBuilder("[i]\nNeeds=a0\n");
        for (var i = 0; i < 12; i++)
        {
            wide.Append($"[a{i}]\nNeeds={string.Join(',', Enumerable.Repeat($"a{i + 1}", 10))}\n");
        }

        Assert.Equal("INF-0012", Assert.Throws<UnsupportedImageException>(() => Run(wide.ToString() + "[a12]\n")).Code);
    }

    [Fact]
    public void Too_many_effects_are_told()
    {
        var many = new StringBuilder("[i]\nAddReg=").AppendJoin(',', Enumerable.Repeat("r", 300)).Append("\n[r]\n");
        for (var i = 0; i < 1000; i++)
        {
            many.Append("HKR,,v,,x\n");
        }

        Assert.Equal("INF-0011", Assert.Throws<UnsupportedImageException>(() => Run(many.ToString())).Code);
    }

    [Fact]
    public void Content_that_strings_multiply_is_bounded()
    {
        var list = "[i]\nAddReg=r\n[r]\nHKR,,a,0x10000" + string.Concat(Enumerable.Repeat(",%a%", 10_000));
        Assert.Equal("INF-0011",
            Assert.Throws<UnsupportedImageException>(() => Run($"{list}\n[Strings]\na={new string('x', 4000)}\n")).Code);
        Assert.Single(Run($"{list}\n[Strings]\na={new string('x', 300)}\n").Registry);
    }

    [Fact]
    public void Kmdf_feature_score_filters_and_the_null_driver()
    {
        var effects = Run("""
            [i]
            FeatureScore=F9
            [i.Wdf]
            KmdfService=s,wdf
            [wdf]
            KmdfLibraryVersion=1.15
            [i.Services]
            AddService=,2
            AddService=s,0x802,svc,,"Application","src"
            [svc]
            DisplayName=%D%
            ServiceType=1
            StartType=3
            ErrorControl=1
            ServiceBinary=%12%\s.sys
            ServiceSidType=1
            RequiredPrivileges=a,b
            [i.Filters]
            AddFilter=f,,fl
            [fl]
            FilterPosition=Lower
            [Strings]
            D="Display"
            """);
        Assert.Equal((byte)0xF9, effects.FeatureScore);
        Assert.Equal(["", "s"], effects.Services.Select(s => s.Name));
        Assert.Equal("s", effects.FunctionDriver!.Name);
        Assert.Equal(("%D%", "Display"), (effects.Services[1].DisplayNameToken, effects.Services[1].DisplayName));
        Assert.Equal(["ServiceSidType", "RequiredPrivileges"], effects.Services[1].Values.Select(v => v.ValueName));
        Assert.Equal(@"Framework:s Relative\Parameters\Wdf [KmdfLibraryVersion] Set 1 31002E00310035000000",
            Show(Assert.Single(effects.Registry)));
        Assert.Equal(new InfFilter("f", "fl", "Lower"), Assert.Single(effects.Filters));
        Assert.Empty(effects.Notices);
    }
}
