using System.Text.Json;

namespace OfflinePatch.Windows.Targets;

/// <summary>
/// A parameter of a rule that a target can set. Declared once, next to the code that uses it; a profile is checked against it when it is
/// read.
/// </summary>
/// <param name="Name">Its name in a profile.</param>
/// <param name="Description">What it means, with its unit.</param>
internal abstract record RuleParameter(string Name, string Description)
{
    /// <summary>What a value must be, when <paramref name="value"/> is not; null when it is.</summary>
    public abstract string? Problem(JsonElement value);
}

/// <summary>A parameter with a value that the program reads.</summary>
internal abstract record RuleParameter<T>(string Name, string Description, T Default) : RuleParameter(Name, Description)
{
    /// <summary>The value in a profile, which <see cref="RuleParameter.Problem"/> has accepted.</summary>
    public abstract T Read(JsonElement value);
}

/// <summary>A whole number.</summary>
internal sealed record NumberParameter(string Name, long Default, long Min, long Max, string Description)
    : RuleParameter<long>(Name, Description, Default)
{
    public override string? Problem(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= Min && number <= Max
            ? null
            : $"a whole number from {Min} to {Max}";

    public override long Read(JsonElement value) => value.GetInt64();
}

/// <summary>Yes or no.</summary>
internal sealed record SwitchParameter(string Name, bool Default, string Description) : RuleParameter<bool>(Name, Description, Default)
{
    public override string? Problem(JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : "true or false";

    public override bool Read(JsonElement value) => value.GetBoolean();
}

/// <summary>A text.</summary>
internal sealed record TextParameter(string Name, string? Default, string Description) : RuleParameter<string?>(Name, Description, Default)
{
    public override string? Problem(JsonElement value) => value.ValueKind == JsonValueKind.String ? null : "a text";

    public override string? Read(JsonElement value) => value.GetString();
}

/// <summary>A list of texts.</summary>
internal sealed record ListParameter(string Name, IReadOnlyList<string> Default, string Description)
    : RuleParameter<IReadOnlyList<string>>(Name, Description, Default)
{
    /// <summary>The texts that are accepted; null for any.</summary>
    public IReadOnlyList<string>? Allowed { get; init; }

    public override string? Problem(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(IsAllowed) ? null
        : Allowed is null ? "an array of texts" : $"an array of {string.Join(", ", Allowed)}";

    public override IReadOnlyList<string> Read(JsonElement value) => [.. value.EnumerateArray().Select(e => e.GetString()!)];

    private bool IsAllowed(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && (Allowed?.Contains(value.GetString()!, StringComparer.OrdinalIgnoreCase) ?? true);
}

/// <summary>
/// The options of another program, by the names that it gives them: <c>retry_count</c>, or <c>openstack.add_metadata_private_ip_route</c>
/// with the section before a dot.
/// </summary>
internal sealed record SettingsParameter(string Name, string Description)
    : RuleParameter<IReadOnlyList<KeyValuePair<string, string>>>(Name, Description, [])
{
    private const string Expected = "an object of options, each a text, a number, true, false or an array of texts, with names like "
        + "retry_count or section.retry_count";

    public override string? Problem(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(IsOption) ? null : Expected;

    public override IReadOnlyList<KeyValuePair<string, string>> Read(JsonElement value) =>
        [.. value.EnumerateObject().Select(o => KeyValuePair.Create(o.Name, Text(o.Value)))];

    private static bool IsOption(JsonProperty option) =>
        option.Name.Split('.') is { Length: 1 or 2 } names
        && names.All(n => n.Length > 0 && char.IsAsciiLetterLower(n[0])
            && n.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
        && (option.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            || (option.Value.ValueKind == JsonValueKind.Array
                && option.Value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)));

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(e => e.GetString())),
        _ => value.GetString()!,
    };
}
