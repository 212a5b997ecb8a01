using System.Text.Json;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Configuration;

/// <summary>A server's address and key under a name.</summary>
internal sealed record Profile(string Name, string Url, string? ApiKey);

/// <summary>The profiles file as it is stored.</summary>
internal sealed record ProfilesFile(string? Current, IReadOnlyList<Profile> Profiles);

/// <summary>The profiles of this user. The file may contain keys, so only its owner can read it.</summary>
internal sealed class ProfileStore
{
    private readonly Lazy<ProfilesFile> _file;

    private ProfileStore(string path)
    {
        Path = path;
        _file = new Lazy<ProfilesFile>(Load);
    }

    public string Path { get; }

    public IReadOnlyList<Profile> All => _file.Value.Profiles;

    public Profile? Current => _file.Value.Current is { } name ? Find(name) : null;

    public static ProfileStore Open()
    {
        var folder = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } configured
            ? configured
            : Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return new ProfileStore(System.IO.Path.Combine(folder, "podflare", "profiles.json"));
    }

    public Profile Get(string name) => Find(name) ?? throw new CliException($"There is no profile '{name}'.") { Advice = "See `podflare config ls`, or create it with `podflare config set`." };

    /// <summary>Adds or replaces a profile. The first one becomes the current one.</summary>
    public void Set(Profile profile)
    {
        var others = All.Where(other => other.Name != profile.Name);
        Save(new ProfilesFile(_file.Value.Current ?? profile.Name, [.. others.Append(profile).OrderBy(one => one.Name, StringComparer.Ordinal)]));
    }

    public void Use(string name) => Save(_file.Value with { Current = Get(name).Name });

    public void Remove(string name)
    {
        Get(name);
        Save(new ProfilesFile(_file.Value.Current == name ? null : _file.Value.Current, [.. All.Where(other => other.Name != name)]));
    }

    private Profile? Find(string name) => All.FirstOrDefault(profile => profile.Name == name);

    private ProfilesFile Load()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path), CliJson.Default.ProfilesFile) is { Profiles: not null } file ? file : new ProfilesFile(null, []);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ProfilesFile(null, []);
        }
        catch (JsonException)
        {
            throw new CliException($"{Path} is not a valid profiles file.") { Advice = "Fix it, or delete it and create the profiles again." };
        }
    }

    private void Save(ProfilesFile file)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        var temporary = $"{Path}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(temporary, options)) JsonSerializer.Serialize(stream, file, CliJson.Default.ProfilesFile);
        File.Move(temporary, Path, overwrite: true);
    }
}
