using System.Globalization;

namespace Podflare.Configuration;

/// <summary>The color of links, buttons and lines, as the operator sets it for light pages. A lighter shade is derived for dark ones.</summary>
internal readonly record struct AccentColor(int Red, int Green, int Blue)
{
    /// <summary>Contrast that text needs on its background (WCAG 2.2, 1.4.3).</summary>
    public const double MinContrast = 4.5;

    private const double Step = 0.05;

    private static readonly AccentColor White = new(255, 255, 255);

    // `--surface` of dark pages.
    private static readonly AccentColor DarkSurface = new(0x15, 0x19, 0x22);

    public double ContrastOnWhite => Contrast(White);

    /// <returns>Null if the text is empty or not of the form <c>#rrggbb</c>.</returns>
    public static AccentColor? Parse(string? text) =>
        text is ['#', ..] && text.Length == 7 && int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new AccentColor(value >> 16, (value >> 8) & 255, value & 255)
            : null;

    /// <summary>Sets the tokens of the look that have the color.</summary>
    public string ToCss() => string.Create(CultureInfo.InvariantCulture, $":root {{ --accent: light-dark({this}, {ForDarkPages()}); --on-accent: light-dark(#ffffff, #10131f); --accent-soft: color-mix(in srgb, var(--accent) 14%, var(--surface)); }}\n");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"#{Red:x2}{Green:x2}{Blue:x2}");

    private AccentColor ForDarkPages()
    {
        var shade = this;
        for (var share = Step; shade.Contrast(DarkSurface) < MinContrast; share += Step) shade = MixWithWhite(share);
        return shade;
    }

    private AccentColor MixWithWhite(double share)
    {
        return new AccentColor(Mix(Red), Mix(Green), Mix(Blue));

        int Mix(int channel) => (int)Math.Round(channel + (255 - channel) * Math.Min(1, share));
    }

    private double Contrast(AccentColor other)
    {
        var (a, b) = (Luminance, other.Luminance);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private double Luminance => 0.2126 * Linear(Red) + 0.7152 * Linear(Green) + 0.0722 * Linear(Blue);

    private static double Linear(int channel) => channel / 255.0 is var c && c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
}
