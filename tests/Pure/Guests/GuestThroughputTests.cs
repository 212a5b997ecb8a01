using System.Diagnostics;
using Podflare.Runs;
using static Podflare.Guests.GuestBench;

namespace Podflare.Guests;

/// <summary>Prints how fast frames become events; only their number is asserted, because machines differ.</summary>
public sealed class GuestThroughputTests(ITestOutputHelper output)
{
    [Theory(Timeout = 120_000)]
    [InlineData(1_000_000, 12)]
    [InlineData(4_000, 65_536)]
    public async Task Output_flows(int frames, int bytes)
    {
        await using var bench = new GuestBench(new GuestOptions { MaxPendingBytes = 1024 * 1024 * 1024 });
        var events = bench.Port.Attach();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await NextAsync<GuestConnected>(events);
        var allocated = GC.GetTotalAllocatedBytes();
        var started = Stopwatch.GetTimestamp();
        var sending = SendAsync(guest, frames, bytes);
        long received = 0;
        for (var n = 0; n < frames;)
        {
            await events.WaitToReadAsync(TestContext.Current.CancellationToken);
            while (events.TryRead(out var item))
            {
                received += ((GuestOutput)item).Bytes.Length;
                n++;
            }
        }

        await sending;
        var took = Stopwatch.GetElapsedTime(started);
        output.WriteLine(
            $"{frames} frames of {bytes} bytes: {took.TotalSeconds:0.00} s, {frames / took.TotalSeconds:0} frames/s, {received / took.TotalSeconds / 1e6:0} MB/s, "
            + $"{(GC.GetTotalAllocatedBytes() - allocated) / frames} bytes allocated a frame");
        Assert.Equal((long)frames * bytes, received);
    }

    private static async Task SendAsync(ScriptedGuest guest, int frames, int bytes)
    {
        var payload = new byte[17 + bytes];
        RunId.New().ToBytes().CopyTo(payload, 0);
        payload[16] = 1;
        var size = FrameHeader.Size + payload.Length;
        var batch = new byte[Math.Max(1, 262_144 / size) * size];
        for (var n = 1; n <= frames;)
        {
            var used = 0;
            for (; used < batch.Length && n <= frames; n++, used += size)
            {
                new FrameHeader(payload.Length, FrameType.Out, (ulong)n, ScriptedGuest.Time).Write(batch.AsSpan(used));
                payload.CopyTo(batch, used + FrameHeader.Size);
            }

            await guest.SendAsync(batch.AsMemory(0, used));
        }
    }
}
