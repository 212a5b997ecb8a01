using System.Text.RegularExpressions;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Templates;

/// <summary>Packages that an option lists: names separated by commas, each of which can also be <c>@FILE</c>, a file with one per line.</summary>
internal static partial class PackageList
{
    private const int MaxFileBytes = 1 << 20;

    /// <exception cref="CliException">A name is not that of a Debian package, or a file cannot be read.</exception>
    public static IReadOnlyList<string> Debian(string[] values)
    {
        // A file may also have several names on a line.
        var names = Read(values, "--packages").SelectMany(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToArray();
        foreach (var name in names)
        {
            if (!DebianPackage().IsMatch(name)) throw new CliException($"--packages: '{name}' is not the name of a Debian package.");
        }

        return names;
    }

    /// <summary>The lines of a requirements file.</summary>
    /// <exception cref="CliException">A file cannot be read.</exception>
    public static IReadOnlyList<string> Python(string[] values)
    {
        var lines = Read(values, "--pip");
        foreach (var line in lines)
        {
            if (line.Any(char.IsControl)) throw new CliException("--pip: a requirement contains a control character.");
        }

        return lines;
    }

    private static List<string> Read(string[] values, string option)
    {
        var found = new List<string>();
        foreach (var item in values.SelectMany(static value => Separator().Split(value)).Select(static item => item.Trim()).Where(static item => item.Length > 0))
        {
            if (!item.StartsWith('@')) found.Add(item);
            else found.AddRange(Lines(item[1..], option));
        }

        if (found.Count == 0) throw new CliException($"{option} lists no package.");
        return found;
    }

    private static IEnumerable<string> Lines(string path, string option)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new CliException($"{option}: there is no file {path}.");
        if (file.Length > MaxFileBytes) throw new CliException($"{option}: {path} is larger than {MaxFileBytes >> 20} MiB.");
        // A comment begins at the start of a line or after a space: a URL may contain a number sign.
        return File.ReadAllLines(path).Select(static line => Comment().Replace(line, "").Trim()).Where(static line => line.Length > 0);
    }

    // Not a comma in the extras or the versions of a requirement: numpy[a,b]>=1,<2.
    [GeneratedRegex(@",(?![^\[]*\])(?!\s*[<>=!~])")]
    private static partial Regex Separator();

    [GeneratedRegex(@"(^|\s)#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex("^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?(=[A-Za-z0-9.+:~-]+|/[a-z0-9-]+)?$")]
    private static partial Regex DebianPackage();
}
