using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Bcd;

/// <summary>One setting of an object. Unknown ids and damaged data are kept and shown raw; nothing here throws once it is read.</summary>
public sealed class BcdElement
{
    internal BcdElement(uint id, string name, HiveValue value)
    {
        Id = id;
        Name = name;
        Type = value.Type;
        Data = value.ReadData();
    }

    /// <summary>The id: class, format and number, 8 hexadecimal digits.</summary>
    public uint Id { get; }

    /// <summary>The name as bcdedit shows it; <c>custom:</c> and the id for one that has none here.</summary>
    public string Name { get; }

    /// <summary>What it holds, by its id.</summary>
    public BcdElementFormat Format => ((Id >> 24) & 15) is > 0 and <= 7 and var format ? (BcdElementFormat)format
        : BcdElementFormat.Unknown;

    /// <summary>The type of its registry value.</summary>
    public RegistryValueType Type { get; }

    /// <summary>The data of its registry value.</summary>
    public byte[] Data { get; }

    /// <summary>The text; null for other formats.</summary>
    public string? Text => Format == BcdElementFormat.String ? ValueText.Decode(Data) : null;

    /// <summary>The number (stored in 1 to 8 bytes); null for other formats.</summary>
    public ulong? Integer => Format == BcdElementFormat.Integer && Data.Length is > 0 and <= 8 ? ToNumber(Data) : null;

    /// <summary>Yes or no; null for other formats.</summary>
    public bool? Boolean => Format == BcdElementFormat.Boolean && Data.Length > 0 ? Data[0] != 0 : null;

    /// <summary>The device; null for other formats.</summary>
    public BcdDevice? Device => Format == BcdElementFormat.Device ? BcdDevice.Read(Data) : null;

    /// <summary>The objects of an object or object list; what is no GUID is left out.</summary>
    public IReadOnlyList<Guid> Objects
    {
        get
        {
            var texts = Format switch
            {
                BcdElementFormat.Object => [ValueText.Decode(Data)],
                BcdElementFormat.ObjectList => ValueText.DecodeMulti(Data),
                _ => [],
            };
            var objects = new List<Guid>();
            foreach (var text in texts)
            {
                if (Guid.TryParse(text, out var id))
                {
                    objects.Add(id);
                }
            }

            return objects;
        }
    }

    /// <summary>The numbers of an integer list.</summary>
    public IReadOnlyList<ulong> Integers
    {
        get
        {
            var numbers = new List<ulong>();
            for (var i = 0; Format == BcdElementFormat.IntegerList && i + 8 <= Data.Length; i += 8)
            {
                numbers.Add(BinaryPrimitives.ReadUInt64LittleEndian(Data.AsSpan(i)));
            }

            return numbers;
        }
    }

    /// <summary>The lines that bcdedit would show for it.</summary>
    public IReadOnlyList<string> ToDisplayLines()
    {
        switch (Format)
        {
            case BcdElementFormat.Device:
                return [Device!.Kind == BcdDeviceKind.Unknown ? $"unknown {Convert.ToHexStringLower(Data)}" : Device.ToString()];
            case BcdElementFormat.String:
                return [Text!];
            case BcdElementFormat.Boolean when Boolean is { } yes:
                return [yes ? "Yes" : "No"];
            case BcdElementFormat.Integer when Integer is { } number:
                return [BcdNames.IntegerText(Name, number) ?? number.ToString(CultureInfo.InvariantCulture)];
            case BcdElementFormat.Object or BcdElementFormat.ObjectList when Objects.Count > 0:
                return [.. Objects.Select(BcdNames.Identifier)];
            case BcdElementFormat.IntegerList when Integers.Count > 0:
                return [.. Integers.Select(n => $"0x{n:x}")];
            default:
                return [Convert.ToHexStringLower(Data)];
        }
    }

    private static ulong ToNumber(ReadOnlySpan<byte> bytes)
    {
        var number = 0UL;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            number = (number << 8) | bytes[i];
        }

        return number;
    }
}
