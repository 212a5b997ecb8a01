namespace Podflare.Telemetry;

/// <summary>The vectors of W3C Trace Context, and our leniency towards 64-bit trace ids.</summary>
public sealed class TraceParentTests
{
    private const string T = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Z = "0000000000000000";
    private const string S = "00f067aa0ba902b7";
    private const string Short = "4bf92f3564d486ad";

    public static TheoryData<string, string?, bool> Vectors => new()
    {
        { $"00-{T}-{S}-01", $"00-{T}-{S}-01", false },
        { $"00-{T}-{S}-00", $"00-{T}-{S}-00", false },
        { $"00-{T}-{S}-02", $"00-{T}-{S}-02", false },
        { $"00-{T}-{S}-03", $"00-{T}-{S}-03", false },
        { $"00-{T}-{S}-ff", $"00-{T}-{S}-03", false },
        { $"00-{T}-{S}-fc", $"00-{T}-{S}-00", false },
        { $" \t00-{T}-{S}-01\t ", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01-", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01-x", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-03", $"00-{T}-{S}-01", false },
        { $"cc-{T}-{S}-01.x", null, false },
        { $"ff-{T}-{S}-01", null, false },
        { $"0x-{T}-{S}-01", null, false },
        { $"00_{T}_{S}_01", null, false },
        { $"00-{T}-{S}-01-", null, false },
        { $"00-{T}-{S}-01-x", null, false },
        { $"00-{T}-{S}-1", null, false },
        { $"00-{T}-{S}-0G", null, false },
        { $"00-{T.ToUpperInvariant()}-{S}-01", null, false },
        { $"00-{T}-{S.ToUpperInvariant()}-01", null, false },
        { $"00-{Z}{Z}-{S}-01", null, false },
        { $"00-{T}-{Z}-01", null, false },
        { $"00-{Z}-{S}-01", null, false },
        { $"00-{Short}-{Z}-01", null, false },
        { $"00-{T}-{S}-01,00-{T}-{S}-01", null, false },
        { "", null, false },
        { $"cc-{T}-{S}-01-{new string('x', 512)}", null, false },
        { $"00-{Short}-{S}-01", $"00-{Z}{Short}-{S}-01", true },
        { $"00-{Short}-{S}-00", $"00-{Z}{Short}-{S}-00", true },
        { $"00-{Short}-{S}-03", $"00-{Z}{Short}-{S}-01", true },
        { $"01-{Short}-{S}-01", null, false },
        { $"00-{Short}-{S}-01-x", null, false },
        { $"00-{Short[1..]}-{S}-01", null, false },
        { $"00-{Short}0-{S}-01", null, false },
        { $"00-{Short.ToUpperInvariant()}-{S}-01", null, false },
    };

    [Theory, MemberData(nameof(Vectors))]
    public void A_traceparent_is_read_as_the_standard_says(string text, string? expected, bool padded)
    {
        Assert.Equal(expected is not null, TraceParent.TryParse(text, out var read));
        if (expected is null) return;
        Assert.Equal((expected, padded), (read.Value, read.WasPadded));
    }

    [Theory, MemberData(nameof(Vectors))]
    public void The_header_gives_the_server_span_the_same_parent(string text, string? expected, bool padded)
    {
        new LenientTracePropagator().ExtractTraceIdAndState(null, Header, out var parent, out _);
        Assert.Equal((expected, padded), (parent, padded));

        void Header(object? carrier, string name, out string? value, out IEnumerable<string>? values) => (value, values) = (name == "traceparent" ? text : null, null);
    }

    [Fact]
    public void Two_traceparent_headers_are_none()
    {
        new LenientTracePropagator().ExtractTraceIdAndState(null, Headers, out var parent, out var state);
        Assert.Equal((null, null), (parent, state));

        static void Headers(object? carrier, string name, out string? value, out IEnumerable<string>? values) =>
            (value, values) = (null, name == "traceparent" ? [$"00-{T}-{S}-01", $"00-{T}-{S}-01"] : ["a=1"]);
    }

    [Fact]
    public void A_binding_gives_its_spans_a_remote_parent_with_the_ids_and_flags_of_the_caller()
    {
        var context = new TraceBinding($"00-{T}-{S}-00", "a=1").ToContext();
        Assert.Equal((T, S, "a=1", true), (context.TraceId.ToHexString(), context.SpanId.ToHexString(), context.TraceState, context.IsRemote));
        Assert.Equal(System.Diagnostics.ActivityTraceFlags.None, context.TraceFlags);
    }
}
