using System.Globalization;

namespace Podflare.Cli.Templates;

/// <summary>The settings with which a server offers a template.</summary>
/// <param name="MemoryMib">Memory in MiB; null for the server's default.</param>
/// <param name="Preload">Python modules, separated by commas.</param>
internal sealed record TemplateSettings(string Name, string Image, int? MemoryMib, double? Cpus, string? Preload, bool IsDefault)
{
    // The server's defaults of home and /tmp, which are a part of the memory and must be smaller.
    private const int DefaultHomeMib = 256;
    private const int DefaultTmpMib = 64;

    public IEnumerable<KeyValuePair<string, string>> Pairs()
    {
        yield return Of("Image", Image);
        if (MemoryMib is { } memory)
        {
            yield return Of("MemoryMib", Number(memory));
            if (memory <= DefaultHomeMib + DefaultTmpMib)
            {
                yield return Of("HomeMib", Number(memory / 2));
                yield return Of("TmpMib", Number(memory / 8));
            }
        }

        if (Cpus is { } cpus) yield return Of("Cpus", Number(cpus));
        if (Preload is { Length: > 0 } preload) yield return Of("Preload", preload);
        if (IsDefault) yield return new("Podflare__Create__DefaultTemplate", Name);
    }

    private KeyValuePair<string, string> Of(string key, string value) => new($"Podflare__Templates__{Name}__{key}", value);

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
