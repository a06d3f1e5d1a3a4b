namespace OfflinePatch.Disks.Vmdk;

/// <summary>An extent line of a descriptor.</summary>
/// <param name="Access"><c>RW</c>, <c>RDONLY</c> or <c>NOACCESS</c>.</param>
/// <param name="Sectors">Guest sectors, at least 1.</param>
/// <param name="Type"><c>FLAT</c>, <c>SPARSE</c>, <c>ZERO</c>, <c>VMFS</c>, <c>VMFSSPARSE</c>, <c>SESPARSE</c>, ...</param>
/// <param name="FileName">File name as the descriptor has it; empty for <c>ZERO</c>.</param>
/// <param name="StartSector">First sector in the file (<c>FLAT</c>).</param>
internal sealed record VmdkExtentLine(string Access, long Sectors, string Type, string FileName, long StartSector);
