using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>Errors of VDI; codes <c>VDI-0001</c> and up. 01xx: unsupported, 02xx: refused.</summary>
internal static class VdiError
{
    private const string CopyAgain =
        "Copy or export the disk again; if it is damaged at its source, clone it there (VBoxManage clonemedium).";

    public static CorruptImageException Truncated(long length) =>
        new("VDI-0001", "VDI header", 0, $"{VdiLayout.HeaderBytes} bytes", $"{length}", CopyAgain);

    public static CorruptImageException BlockSize(uint size) =>
        new("VDI-0002", "VDI header", VdiLayout.BlockSize,
            $"a block size that is a power of two from {VdiLayout.MinBlock} to {VdiLayout.MaxBlock}", $"{size}", CopyAgain);

    public static CorruptImageException DiskSize(ulong size, uint blocks, uint blockSize) =>
        new("VDI-0003", "VDI header", VdiLayout.DiskSize, $"1 to {VdiLayout.MaxBytes} bytes that {blocks} blocks of {blockSize} can hold",
            $"{size}", CopyAgain);

    public static CorruptImageException MapOutsideFile(uint offset, uint blocks, long fileLength) =>
        new("VDI-0004", "VDI block map", offset, $"{blocks} entries inside the file of {fileLength} bytes", "a map that passes its end",
            "The file is truncated. " + CopyAgain);

    public static CorruptImageException BlockOutsideFile(long block, uint entry, long fileLength) =>
        new("VDI-0005", $"VDI map entry of block {block}", -1, $"a block inside the file of {fileLength} bytes", $"0x{entry:X8}",
            "The file is truncated. " + CopyAgain);

    public static CorruptImageException BlockShared(long block, uint entry) =>
        new("VDI-0006", $"VDI map entry of block {block}", -1, "a place of its own", $"{entry}, which another block has", CopyAgain);

    public static CorruptImageException DataOffset(uint offset, uint mapOffset) =>
        new("VDI-0007", "VDI header", VdiLayout.DataOffset, $"data after the map, which starts at {mapOffset}", $"{offset}", CopyAgain);

    public static CorruptImageException ParentDiffers(string path, Guid expected, Guid actual) =>
        new("VDI-0008", $"{path}: identity of the parent", VdiLayout.ParentModifiedId, $"{expected}", $"{actual}",
            "The parent was changed after the snapshot was taken, or it is another disk. Clone the disk in VirtualBox, which merges the "
                + "chain.");

    public static CorruptImageException NotAVdi(uint signature) =>
        new("VDI-0009", "VDI header", VdiLayout.Signature, $"the signature 0x{VdiLayout.SignatureValue:X8}", $"0x{signature:X8}",
            CopyAgain);

    public static UnsupportedImageException Version(uint version) =>
        new("VDI-0101", $"The VDI has version 0x{version:X8}; 0x00010001 is known.", "Clone the disk with a current VirtualBox.");

    public static UnsupportedImageException ImageType(uint type) =>
        new("VDI-0102", $"The VDI is of type {type}; dynamic (1), fixed (2), undo (3) and differencing (4) are known.",
            "Clone the disk in VirtualBox.");

    public static UnsupportedImageException ExtraBytes(uint count) =>
        new("VDI-0103", $"Each block of the VDI carries {count} extra bytes, which is not known.", "Clone the disk in VirtualBox.");

    public static UnsupportedImageException SectorSize(uint size) =>
        new("VDI-0104", $"The VDI has sectors of {size} bytes; 512 are known.", "Clone the disk in VirtualBox.");

    public static UnsupportedImageException TooLarge(long size) =>
        new("VDI-0105", $"A disk of {size} bytes is larger than the VDIs that are written ({VdiLayout.MaxBytes} bytes).",
            "Choose another output format.");

    public static UnsupportedImageException NotAVariant(string name) =>
        new("VDI-0106", $"\"{name}\" is not a VDI variant that is written; dynamic is.");

    public static RefusedException Encrypted(string path) =>
        new("VDI-0202",
            $"image.encryption: {path} starts with random bytes in place of a partition table: VirtualBox has encrypted the disk.",
            "Remove the encryption in VirtualBox (VBoxManage encryptmedium --newpassword \"\"), then export the disk again.");

    public static RefusedException ParentNotFound(string path, string name) =>
        new("VDI-0201", $"{path} is a differencing VDI. Its parent is not named in it, and there is no {name} next to it.",
            $"Clone the disk in VirtualBox (VBoxManage clonemedium), or put the parent next to it under the name {name}.");
}
