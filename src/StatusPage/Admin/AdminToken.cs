using System.Security.Cryptography;
using System.Text;
using Podflare.Configuration;

namespace Podflare.Admin;

/// <summary>Checks the bearer token of the admin API. Without a configured token, a generated one is stored in a file that only this user can read.</summary>
internal sealed class AdminToken
{
    public const string Variable = "PODFLARE_STATUS_ADMIN_TOKEN";
    public const string FileName = "admin-token";
    public const int MinLength = 16;

    private readonly byte[] _hash;

    public AdminToken(string? configured, DataFolder folder)
    {
        if (configured is not null && configured.Length < MinLength) throw new StartupException($"{Variable} has fewer than {MinLength} characters. Use a long random value.");
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(configured ?? ReadOrCreate(Path.Combine(folder.Path, FileName))));
    }

    public bool Accepts(string? header) => header is not null && header.StartsWith("Bearer ", StringComparison.Ordinal) && header.Length < 600
        && CryptographicOperations.FixedTimeEquals(_hash, SHA256.HashData(Encoding.UTF8.GetBytes(header["Bearer ".Length..].Trim())));

    private static string ReadOrCreate(string path)
    {
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: >= MinLength } token) return token;
        var drawn = "pfs_" + RandomNumberGenerator.GetHexString(48, lowercase: true);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new StreamWriter(new FileStream(path, options));
        file.WriteLine(drawn);
        return drawn;
    }
}
