using Podflare.Runs;
using static Podflare.Guests.GuestBench;

namespace Podflare.Guests;

public sealed class GuestAttachTests
{
    private static readonly RunId Run = RunId.New();

    [Fact(Timeout = 30_000)]
    public async Task A_guest_that_nobody_has_read_is_handed_over_as_it_is()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await guest.OutAsync(1, Run, "a");
        await bench.Port.WaitReadyAsync(TestContext.Current.CancellationToken);
        var first = bench.Port.Attach();
        var second = bench.Port.Attach();
        Assert.False(await first.WaitToReadAsync(TestContext.Current.CancellationToken));
        await NextAsync<GuestConnected>(second);
        await NextAsync<GuestOutput>(second);
        await guest.OutAsync(2, Run, "b");
        Assert.Equal(2UL, (await NextAsync<GuestOutput>(second)).Number);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_second_reader_gets_everything_again_that_was_not_acknowledged()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var first = bench.Port.Attach();
        await guest.OutAsync(1, Run, "a");
        await guest.OutAsync(2, Run, "b");
        await NextAsync<GuestConnected>(first);
        await NextAsync<GuestOutput>(first);
        var second = bench.Port.Attach();
        await first.Completion.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(first.TryRead(out _));
        await guest.ClosedAsync();
        using var again = await ScriptedGuest.ConnectAsync(bench.Socket);
        await again.OutAsync(1, Run, "a");
        await again.OutAsync(2, Run, "b");
        await NextAsync<GuestConnected>(second);
        Assert.Equal(1UL, (await NextAsync<GuestOutput>(second)).Number);
        Assert.Equal(2UL, (await NextAsync<GuestOutput>(second)).Number);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_reader_that_has_seen_nothing_begins_with_the_latest_connection()
    {
        await using var bench = new GuestBench();
        var events = bench.Port.Attach();
        using (var guest = await ScriptedGuest.ConnectAsync(bench.Socket))
        {
            await guest.OutAsync(1, Run, "a");
            await guest.SendAsync(FrameType.Ready, 0, """{"repl":2}""");
        }

        using var again = await ScriptedGuest.ConnectAsync(bench.Socket, repl: 2);
        await again.OutAsync(1, Run, "a");
        Assert.Equal(2, (await NextAsync<GuestConnected>(events)).Hello.Repl);
        Assert.Equal(1UL, (await NextAsync<GuestOutput>(events)).Number);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_closed_port_completes_its_reader_behind_what_has_come()
    {
        await using var bench = new GuestBench();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        var events = bench.Port.Attach();
        await NextAsync<GuestConnected>(events);
        await guest.EndAsync(1, Run, """{"code":0}""");
        while (events.Count == 0) await Task.Yield();
        await bench.Listener.CloseAsync(bench.Sandbox);
        await guest.ClosedAsync();
        await NextAsync<GuestRunEnded>(events);
        await NextAsync<GuestDisconnected>(events);
        Assert.False(await events.WaitToReadAsync(TestContext.Current.CancellationToken));
        Assert.False(await bench.Port.Attach().WaitToReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reader_too_far_behind_costs_the_connection_but_no_frame()
    {
        const int Chunk = 65_536;
        await using var bench = new GuestBench(new GuestOptions { MaxPendingBytes = 4 * 1024 * 1024 });
        var events = bench.Port.Attach();
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
        await NextAsync<GuestConnected>(events);
        var text = new string('x', Chunk);
        try
        {
            for (var n = 1UL; n <= 100; n++) await guest.OutAsync(n, Run, text);
        }
        catch (System.Net.Sockets.SocketException)
        {
        }

        await guest.ClosedAsync();
        var number = 0UL;
        GuestEvent last;
        while ((last = await events.ReadAsync(TestContext.Current.CancellationToken)) is GuestOutput output) Assert.Equal(++number, output.Number);
        Assert.IsType<GuestDisconnected>(last);
        Assert.InRange(number, 60UL, 64UL);
        using var again = await ScriptedGuest.ConnectAsync(bench.Socket);
        await NextAsync<GuestConnected>(events);
        for (var n = 1UL; n <= 100; n++) await again.OutAsync(n, Run, "x");
        while (number < 100) Assert.Equal(++number, (await NextAsync<GuestOutput>(events)).Number);
    }
}
