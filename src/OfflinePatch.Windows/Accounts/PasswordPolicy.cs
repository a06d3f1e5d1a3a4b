namespace OfflinePatch.Windows.Accounts;

/// <summary>
/// What a password must be made of: upper and lower case letters, digits, and one of the special characters that the clouds name; 8 to 26 characters.
/// Source: Huawei Cloud IMS and ECS, password requirements of Windows servers.
/// </summary>
public static class PasswordPolicy
{
    /// <summary>Characters of the shortest password.</summary>
    public const int MinLength = 8;

    /// <summary>Characters of the longest password.</summary>
    public const int MaxLength = 26;

    private const string Special = "!@$%^-_=+[{}]:,./?";

    /// <summary>Why a password is not taken, in words that do not hold it; null when it is.</summary>
    public static string? WhyNot(string password) =>
        password.Length is < MinLength or > MaxLength ? $"it has {password.Length} characters, not {MinLength} to {MaxLength}"
        : !password.Any(char.IsAsciiLetterUpper) ? "it has no upper case letter"
        : !password.Any(char.IsAsciiLetterLower) ? "it has no lower case letter"
        : !password.Any(char.IsAsciiDigit) ? "it has no digit"
        : !password.Any(c => Special.Contains(c, StringComparison.Ordinal)) ? $"it has none of {Special}"
        : password.Any(c => !char.IsAsciiLetterOrDigit(c) && !Special.Contains(c, StringComparison.Ordinal)) ? $"it has a character that is no letter, no digit, and none of {Special}"
        : null;
}
