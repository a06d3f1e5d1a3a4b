namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// Moduli of the root keys that Windows kernels trust, in base64; the exponent of each is 65537. Sources: the certificates that Microsoft
/// publishes for its roots, which the .NET SDK carries too (<c>trustedroots/codesignctl.pem</c>), with the SHA-1 thumbprints below.
/// "Microsoft Code Verification Root" is issued as a certificate inside Windows only; its modulus was computed from the signatures of two
/// of its published cross-certificates (for the Go Daddy class 2 and VeriSign G5 roots), and verifies a third one (Go Daddy G2).
/// </summary>
internal static class MicrosoftRootKeys
{
    /// <summary>"Microsoft Root Authority", SHA-1 thumbprint A43489159A520F0D93D032CCAF37E7FE20A8B419.</summary>
    public const string Authority1997 =
        "qQK9wXDmO/JOGyifl3heMOqiqY0lX/j+lUyjt/6doiA+fFGim6KPYDJr0UJkee6sdslU2vLrnIYcj5+EZrPFa3piI9YdPN4PAZLolsS/LWaammgmmdA6"
        + "LL8MtVgmwUbnCj44liypKDmo7EmDQuOED7uabFVhrIJ8oWAtd0zpmbRkO5pQHDEIJBSfqeeRKxjmPZhjFGBYBWWfHTdSh/en75QCxhvTv1VFs4mAvzrs"
        + "VJROrv2nem10Tq8YzJYJKCEAV5BgaTe7SxIHPFb/W/ukZgoIptKBVlfvtjteFoF3BNr2vq6Alf6wzX/WpxpyXDzKvPAIoyIwswaFybMgdxOF3w==";

    /// <summary>"Microsoft Root Certificate Authority", CDD4EEAE6000AC7F40C3802C171E30148030C072.</summary>
    public const string Authority2001 =
        "8136gGfUWqepDCyQINA1CDx1hM23B4mcidrezsNg+pFoWp6UcSkYdnzC4MgldpQOWPoENDbm36/3gLrpWAsrk+WdBeN3IpH3NGQ8IpEdXuEJkLwU/vx1"
        + "WBnhebcHkqOuiFkI2J8HygNY/GgpbTLX0qjLS/zhC0gyT+bruK1P5FxvE5SZ25XVdduoGreUkbR3W/VIDI9qeX0UcAR9ba+Q9dpw2Ee3v5svbOcFt+ER"
        + "YKx5kRR8xdam5OF+1cN+5ZLSPAC1NoLeeeFt87Vu+J8zyctSfXOYNtuLoWuilZebo97CTSb/BpZnJQbI56zk7hIzlTGZyDUITjTKeVPVtb5jMllANsCl"
        + "TgRNPdtbBzPkWL/vP1Nk2EJZNVf9D0V8JARNntY4dBGXIpDOaER0km/VS2+whuPHNkKg0PzBwFr5o2G5MEdxlgoWsJHAQpXvEH8oauMqH7HkzQM/d3EE"
        + "xyD8SQ8dRYik18t+iK2OLexF28RRBMkq/OyGnpoRl1vezlOI5uK3/ayVwihA2+8EkN+BMznZskWlI4cGpVWJMbsGLWAOQRh9Hy61l8sR6xXVJKWU7xUU"
        + "if1Lc/oyW/zRMwD5WWJwBzLqLqtALXvK3SFnGzCZjxaqI6hB0bBuEZs2xN5AdJzhWGXBYB56WzjIj7sEJnzUFkDltmtsqob9AL/OwTU=";

    /// <summary>
    /// "Microsoft Root Certificate Authority 2010", 3B1EFD3A66EA28B16697394703A72CA340A05BD5: hardware compatibility publisher since 2014.
    /// </summary>
    public const string Authority2010 =
        "uQieKOTk7AZOUGizQcV76662jq+BuiJEH2U0aUy+cEAX8hZ74nn9hu0NOfQbqK2SkB7LPXaPWtm1kRAuPAWNim0kVOcf7Vatg7RQnBWlF3SIWSD8CMWE"
        + "dtNo1G8oeM5cuPNQkET/42NfvqGaLJYVBNYH/h6EIeBCMRHEKDaUz1CkYp7J1qtxALJbDOaW1AoklvX/xtW3G9fLtyFirxLcoV034xr7GkaYwJvA52Mf"
        + "KgiTAn4eao7ynxiJ5CKForGEV0D/9Q7Yb5zt4kUxAc0X6X+wgUXjqiFAJqFyqqdPPAEFfu6DWLFeBmOZYpF4grcNkwwkarQb2yfsX5UEP5NKMPWXGLOn"
        + "+RmnkzMdAcjbIlJc1yXJRvmi+4dZQ76bYrGNLYZEGkaseGF+MAn6ronEQSoiZgOROUWcx4sMqMoNL/tS6gz3YzMjnf6wH61n1qdQA8YEcGO1LLGGWkO3"
        + "+675biluISFBJgaMycPusMKFk6G5hdnmMmxLTD/WXaPltZ13w5zAVbd0AOO4OKuDl1DhmkIkHcbAozDRGlrIUjT3c/HHGB8zrXrsy0Fg8yOUIMJIRaxc"
        + "UcYugMLidxW9hYftNp2Wke4AtaNw7J/jjYBog3a6r11wUiIW4mb7urPFwvc+L3emyt7BpsZITMM3USPTJ9e4TnCW8KFEdq94z5rhZhM=";

    /// <summary>"Microsoft Root Certificate Authority 2011", 8F43288AD272F3103B6FB1428485EA3014C0BCFE.</summary>
    public const string Authority2011 =
        "soBBqjU4TRNyMmgiTbiy8f/VUrxsx/XSSow27tHCXH6Miq6vEyhvwHPjOs7QJahaOm3vqLhZqxMjaM0MKYfRb4Bcj0R/XZABUlisUcVfKofc3NgKHcED"
        + "uXuwVuij3mRhwp7483y57A21VP5MtmVPiPCcSJkMQgsJfDFZF3kGeCiNiTpMAyW+cWpcC+eEYKSZIuPSr4Skp/vRmO0Mqd6UieEOoNzAzpk96ghSu1Z5"
        + "5B+Euh64tMRJXE8xS4fd3QVnJpmA4HERo7ilQeKkU7n3MimDDBO/Nl4Es0tDRy9r4pEe05hP3UIHyOgdEvyZqWs+kn7I1mk6/GS9tgmdyv0MC6Kbd2BL"
        + "A5SkMGkS1kItwUFMytyq/Y9bg0aa2fyx0eOzyX9Ies0k8EGPXHTQrLAQIAZJt8ctIchX49CG8wNo+9DOccGJmUpkAWz97DCRz0E8ksfluoYdYYTHX4M5"
        + "Yq60ki9H8wv4VeugH1nQu3SbHtB25vLpBtcQ6Ppk3mnGNZaIAvBGuD8nmW/LcYkpNfdIFgI1j9V5fE0Cz1/rioNPRXGI+akNTnLpwpwHz0kbTgQOY1GM"
        + "XtgAwVUstsbgwmVOyTQ59ZyzxH7oYW4TXxXEX9l+7R3O7kTsyy6Gsew49nDtq1wTwdkPDceAslXtNPesm+TD2udHPKa1jzHfxUuv6/E=";

    /// <summary>
    /// "Microsoft Code Verification Root", 8FBE4D070EF8AB1BCCAF2A9D5CCAE7282A2C66B3: issued the cross-certificates for kernel drivers.
    /// </summary>
    public const string CodeVerification =
        "vXfJHH8VeDjFB0MhWvvkzDvGVTH8IYmxvOcBnPuQviARVXanTQLnsvQuje+yh0ZWykfOyMNj4wgDS5YGuXAiROZLe0Q/dbe4piuRCEHvSwdZ1qQZnfbL"
        + "pLuOAmVNyt4PtJAi8bVrXCL2yvk4qigLBi08GY23NV+D7d1lc4RGkp9E4olKjNWYp2096BnLRK0YC+pcX3wLw5qTaETztr+XmTByPyhZ0HDIBVd49UqC"
        + "NAokwXqwZKU6bhLVA2E4uw4t/YWc1kh1ahyyouiR+rfk9Txf/clArMegQvV02Lnb1/5zdxrgxLcJsQWabeNegDh1eFK2EtN5rkP3ZafRFmRphY94OriU"
        + "v0USYlpNh0jW+Bm8WQEG9RrbYCmfAT9uc/n9gEXOldeK9pIMwXNALG2qMqbxfzD4kPGuRSe5tA4wAr3GDuw8jFu2NIXPFAsMUA2p4lmRLqgBOfQsFWME"
        + "gLhA32L3/rdME6gsqWYTOGL8QHBie3V31SuOG6WZ5bm3x63qAaAle1hGUlZUosmSK1gdSFHAH/43ANHiqxDCqVnpQpluj7UeR2Z0Hph2V1cEXr0vhZPV"
        + "DgufLnsmZKeGEglQY+fRx45+DjsH57vkzRpA1Hq6BVlK1tDu3JZeIkonHEXj3tqy6dND/elvwMl9H/2fkJyGIAjMdNxApymzq1hla7E=";
}
