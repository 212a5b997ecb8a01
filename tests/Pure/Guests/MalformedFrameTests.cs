using System.Text;
using CsCheck;
using Podflare.Runs;

namespace Podflare.Guests;

public sealed class MalformedFrameTests
{
    private static readonly byte[] Run = RunId.New().ToBytes();

    private static readonly Gen<byte[]> AnyFrame = Gen.Select(
        Gen.OneOf(Gen.Enum<FrameType>(), Gen.Byte.Select(value => (FrameType)value)),
        Gen.ULong[0, 3],
        Gen.OneOf(Gen.Byte.Array[0, 60], Gen.OneOfConst("{}", "[]", "null", """{"code":1}""", """{"code":"x"}""", """{"repl":-1}""", "{").Select(Encoding.UTF8.GetBytes)),
        Gen.Bool,
        Gen.OneOf(Gen.Const(ScriptedGuest.Time), Gen.Long),
        (type, number, payload, run, time) => ScriptedGuest.Frame(type, number, run ? [.. Run, .. payload] : payload, time));

    public static TheoryData<string> Breaches =>
    [
        "second HELLO", "empty OUT", "OUT of 64 KiB and one byte", "OUT of stream 3", "END without run", "END without code",
        "READY without repl", "STARTED without run", "TAKEN of no JSON", "payload over 2 MiB", "code too large",
    ];

    [Theory(Timeout = 30_000)]
    [InlineData("""{"version":2,"boot":"0123456789abcdef0123456789abcdef","first":1,"repl":0}""")]
    [InlineData("""{"boot":"0123456789abcdef0123456789abcdef","first":1,"repl":0}""")]
    [InlineData("""{"version":1,"boot":"0123456789ABCDEF0123456789abcdef","first":1,"repl":0}""")]
    [InlineData("""{"version":1,"boot":"0123456789abcdef0123456789abcdef","first":0,"repl":0}""")]
    [InlineData("""{"version":1,"boot":"0123456789abcdef0123456789abcdef","first":1,"repl":0,"runs":[null]}""")]
    [InlineData("""{"version":1,"boot":"0123456789abcdef0123456789abcdef","first":1,"repl":0,"runs":[{"run":"run_1","state":"queued"}]}""")]
    [InlineData("""{"version":1} {}""")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("")]
    public async Task A_hello_that_is_none_closes(string json)
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.DialAsync(bench.Socket);
        await guest.SendAsync(FrameType.Hello, 0, json);
        await guest.ClosedAsync();
        Assert.False(bench.Port.Connected);
    }

    [Fact(Timeout = 30_000)]
    public async Task Another_frame_before_hello_closes()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.DialAsync(bench.Socket);
        await guest.SendAsync(FrameType.Pong, 0, "");
        await guest.ClosedAsync();
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Breaches))]
    public async Task A_breach_after_hello_closes(string breach)
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await guest.SendAsync(Breach(breach));
        await guest.ClosedAsync();
        using var again = await ScriptedGuest.ConnectAsync(bench.Socket);
    }

    [Fact(Timeout = 60_000)]
    public async Task Whatever_a_guest_sends_the_next_connection_is_served()
    {
        await using var bench = new GuestBench(new GuestOptions { MaxReconnectPauseSeconds = 0 });
        var events = bench.Port.Attach();
        var bytes = Gen.OneOf(Gen.Byte.Array[0, 300], AnyFrame.Array[0, 8].Select(frames => frames.SelectMany(frame => frame).ToArray()));
        await Gen.Select(Gen.Bool, bytes).SampleAsync(
            async (greets, garbage) =>
            {
                using (var guest = await ScriptedGuest.DialAsync(bench.Socket))
                {
                    if (greets) await guest.HelloAsync();
                    try
                    {
                        await guest.SendAsync(garbage);
                        guest.StopSending();
                    }
                    catch (System.Net.Sockets.SocketException)
                    {
                        // The host has closed already.
                    }

                    await guest.ClosedAsync();
                }

                while (events.TryRead(out _))
                {
                }
            },
            iter: 400,
            threads: 1);
        using var healthy = await ScriptedGuest.ConnectAsync(bench.Socket);
        Assert.True(bench.Port.Connected);
    }

    private static byte[] Breach(string breach) => breach switch
    {
        "second HELLO" => Frame(FrameType.Hello, """{"version":1,"boot":"0123456789abcdef0123456789abcdef","first":1,"repl":0}"""),
        "empty OUT" => ScriptedGuest.Frame(FrameType.Out, 1, [.. Run, 1]),
        "OUT of 64 KiB and one byte" => ScriptedGuest.Frame(FrameType.Out, 1, [.. Run, 1, .. new byte[65_537]]),
        "OUT of stream 3" => ScriptedGuest.Frame(FrameType.Out, 1, [.. Run, 3, 65]),
        "END without run" => ScriptedGuest.Frame(FrameType.End, 1, [1, 2, 3]),
        "END without code" => ScriptedGuest.Frame(FrameType.End, 1, [.. Run, .. "{}"u8]),
        "READY without repl" => Frame(FrameType.Ready, "{}"),
        "STARTED without run" => Frame(FrameType.Started, "short"),
        "TAKEN of no JSON" => Frame(FrameType.Taken, "{"),
        "payload over 2 MiB" => [.. ScriptedGuest.Frame((FrameType)99, 0, [])[4..] is var rest ? new byte[] { 0, 0x20, 0, 1 } : [], .. rest],
        "code too large" => ScriptedGuest.Frame(FrameType.End, 1, [.. Run, .. """{"code":99999999999}"""u8]),
        _ => throw new ArgumentOutOfRangeException(nameof(breach)),
    };

    private static byte[] Frame(FrameType type, string json) => ScriptedGuest.Frame(type, 0, Encoding.UTF8.GetBytes(json));
}
