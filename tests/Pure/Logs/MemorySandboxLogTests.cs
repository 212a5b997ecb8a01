using Podflare.Sandboxes;

namespace Podflare.Logs;

public sealed class MemorySandboxLogTests : SandboxLogTests
{
    protected override ISandboxLog Log => field ??= new MemorySandboxLog(Microsoft.Extensions.Options.Options.Create(Options), Time);

    [Fact]
    public async Task Sandboxes_that_were_quiet_for_longest_make_room_and_old_ones_go()
    {
        SandboxId[] sandboxes = [.. Enumerable.Range(0, 61).Select(_ => SandboxId.New("0123abcd"))];
        foreach (var sandbox in sandboxes[..50]) await Log.AppendAsync(sandbox, [.. Enumerable.Range(0, 20).Select(Line)], 0, Cancel);
        await Log.AppendAsync(sandboxes[0], [Line(20)], 0, Cancel);
        foreach (var sandbox in sandboxes[50..60]) await Log.AppendAsync(sandbox, [.. Enumerable.Range(0, 20).Select(Line)], 0, Cancel);

        Assert.Equal(20, (await Log.ReadAsync(sandboxes[0], 0, 100, Cancel)).Lines.Count);
        Assert.Empty((await Log.ReadAsync(sandboxes[1], 0, 100, Cancel)).Lines);
        Assert.Equal(20, (await Log.ReadAsync(sandboxes[59], 0, 100, Cancel)).Lines.Count);
        Time.Advance(TimeSpan.FromHours(2.1));
        await Log.AppendAsync(sandboxes[60], [Line(0)], 0, Cancel);
        Assert.Empty((await Log.ReadAsync(sandboxes[59], 0, 100, Cancel)).Lines);
    }
}
