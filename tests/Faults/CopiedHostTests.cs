using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>A machine was copied with its run folder: two workers have one host id.</summary>
[Collection("hosts")]
public sealed class CopiedHostTests(HostLab lab)
{
    private static readonly TimeSpan RefusalLimit = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_worker_with_the_same_host_id_does_not_start_and_the_first_keeps_its_sandboxes()
    {
        var sandbox = await lab.CreateOnAsync("worker1");

        // Its row in the membership table then looks as old as that of a process that died long ago.
        foreach (var clock in lab.Cluster.Clocks) clock.Set(-TimeSpan.FromHours(1));
        using var copy = lab.Cluster.StartCopyOf("worker1");
        try
        {
            await copy.WaitForExitAsync(Cancelled).WaitAsync(RefusalLimit, Cancelled);
        }
        finally
        {
            if (!copy.HasExited) copy.Kill();
            foreach (var clock in lab.Cluster.Clocks) clock.Set(TimeSpan.Zero);
        }

        Assert.NotEqual(0, copy.ExitCode);
        Assert.Contains(lab.HostOf("worker1"), await File.ReadAllTextAsync(Path.Combine(lab.Cluster.Folder, "logs", "copy.log"), Cancelled), StringComparison.Ordinal);
        Assert.Equal("1\n", await lab.BashAsync(sandbox, "echo 1"));

        // The copy has not put the host out of service.
        await lab.DeleteAsync(await lab.CreateOnAsync("worker1"));
        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }
}
