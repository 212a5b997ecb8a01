namespace Podflare.NetSdk.Pure;

public sealed class TraceParentTests
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string S = "00f067aa0ba902b7";
    private const string Short = "4bf92f3564d486ad";
    private const string Z = "0000000000000000";
    private const string Z32 = Z + Z;

    public static TheoryData<string, string, bool> Valid => new()
    {
        { $"00-{T}-{S}-01", $"00-{T}-{S}-01", false },
        { $"00-{T}-{S}-00", $"00-{T}-{S}-00", false },
        { $"00-{T}-{S}-02", $"00-{T}-{S}-02", false },
        { $"00-{T}-{S}-03", $"00-{T}-{S}-03", false },
        { $"00-{T}-{S}-ff", $"00-{T}-{S}-03", false },
        { $"00-{T}-{S}-fc", $"00-{T}-{S}-00", false },
        { $" \t00-{T}-{S}-01 \t", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01-", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01-x", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-03", $"00-{T}-{S}-01", false },
        { $"00-{Short}-{S}-01", $"00-{Z}{Short}-{S}-01", true },
        { $"00-{Short}-{S}-03", $"00-{Z}{Short}-{S}-01", true },
        { $"00-{Short}-{S}-00", $"00-{Z}{Short}-{S}-00", true },
        { $" 00-{Short}-{S}-01\t", $"00-{Z}{Short}-{S}-01", true },
    };

    public static TheoryData<string> Invalid =>
    [
        $"cc-{T}-{S}-01.x", $"ff-{T}-{S}-01", $"0x-{T}-{S}-01", $"00_{T}_{S}_01",
        $"00-{T}-{S}-01-", $"00-{T}-{S}-01-x", $"00-{T}-{S}-1", $"00-{T}-{S}-0G", $"00-{T.ToUpperInvariant()}-{S}-01", $"00-{T}-{S.ToUpperInvariant()}-01",
        $"00-{Z32}-{S}-01", $"00-{T}-{Z}-01", $"00-{Z}-{S}-01", $"00-{Short}-{Z}-01",
        $"00-{T}-{S}-01,00-{T}-{S}-01", "", " ", $"cc-{T}-{S}-01-{new string('x', 512)}",
        $"01-{Short}-{S}-01", $"00-{Short}-{S}-01-x", $"00-{Short[1..]}-{S}-01", $"00-{Short}0-{S}-01", $"00-{Short.ToUpperInvariant()}-{S}-01",
        $"00-{T}-{S}-01\u00a0", $"00-{T[..31]}é-{S}-01",
    ];

    [Theory, MemberData(nameof(Valid))]
    public void A_valid_value_is_sent_as_the_standard_says(string text, string expected, bool padded)
    {
        Assert.True(TraceParent.TryParse(text, out var parsed));
        Assert.Equal(expected, parsed.Value);
        Assert.Equal(padded, parsed.WasPadded);
        Assert.True(TraceParent.TryParse(parsed.Value, out var again));
        Assert.Equal(expected, again.Value);
        Assert.Equal(expected[3..35], parsed.ToContext().TraceId.ToHexString());
        Assert.Equal(expected[36..52], parsed.ToContext().SpanId.ToHexString());
    }

    [Theory, MemberData(nameof(Invalid))]
    public void An_invalid_value_is_refused(string text)
    {
        Assert.False(TraceParent.TryParse(text, out var parsed));
        Assert.Equal("", parsed.Value);
    }
}
