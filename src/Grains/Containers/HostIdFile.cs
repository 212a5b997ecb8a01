using System.Security.Cryptography;

namespace Podflare.Containers;

/// <summary>
/// The file in the run folder that keeps a host's id, with the id of the machine that it was drawn on: a folder that was copied to another
/// machine gets a new host id there, because two workers with one id would fight over each other's sandboxes.
/// </summary>
internal static class HostIdFile
{
    private const string MachineIdFile = "/etc/machine-id";

    /// <returns>8 lower-case hex digits.</returns>
    public static string ReadOrCreate(string file) => ReadOrCreate(file, MachineId());

    /// <param name="machine">The machine's id; null where it has none, and then any folder counts as this machine's.</param>
    public static string ReadOrCreate(string file, string? machine)
    {
        var lines = File.Exists(file) ? File.ReadAllLines(file) : [];
        var kept = lines is [var first, ..] && IsHostId(first.Trim()) ? first.Trim() : null;
        var drawnOn = lines is [_, var second, ..] && second.Trim().Length > 0 ? second.Trim() : null;
        if (kept is not null && (machine is null || drawnOn == machine)) return kept;
        var id = kept is not null && drawnOn is null ? kept : RandomNumberGenerator.GetHexString(8, lowercase: true);
        RunFolder.WriteWhole(file, $"{id}\n{machine}\n");
        return id;
    }

    private static bool IsHostId(string text) => text.Length == 8 && text.All(char.IsAsciiHexDigitLower);

    private static string? MachineId()
    {
        try
        {
            // The id itself is confidential (machine-id(5)): only a hash of it is kept.
            return File.ReadAllText(MachineIdFile).Trim() is { Length: 32 } id ? Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes("podflare" + id)))[..16] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
