using System.Diagnostics;
using System.Net;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>The data folder is on a small file system that is filled up. Needs root.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(TestRun.Folder, "disk-" + Guid.NewGuid().ToString("N")[..8]);
    private readonly MailServer _mail = new();
    private readonly HookReceiver _hook = new();
    private StatusService _status = null!;

    private string Filler => Path.Combine(_folder, "filler");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a file system needs root");
        Directory.CreateDirectory(_folder);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", _folder);
        _status = new StatusService(Settings.Quiet().With(Settings.Mail(_mail.Port)), Path.Combine(_folder, "status"));
        await _mail.StartAsync();
        await _status.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_status is null) return;
        await _status.DisposeAsync();
        await _mail.DisposeAsync();
        _hook.Dispose();
        await RunAsync("umount", "-l", _folder);
    }

    [Fact]
    public async Task A_webhook_call_that_cannot_be_recorded_is_not_repeated_and_the_process_lives()
    {
        await _status.AddHookAsync(_hook);
        _hook.Answer = _ =>
        {
            FillDisk();
            return (204, null, null);
        };
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        await _hook.OneAsync("incident.created");
        await Until.TrueAsync(async () => await ReadyAsync() == HttpStatusCode.ServiceUnavailable, 20, "the page reports that it cannot store anything");
        // The page itself can still be read.
        Assert.Contains("An incident is open", await _status.Http.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var metrics = await _status.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("podflare_status_storage_writable 0\n", metrics, StringComparison.Ordinal);
        await WaitForFailuresAsync(3);
        File.Delete(Filler);
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM delivery WHERE kind = 'webhook' AND state = 'sent'").Count == 1), 40, "the answer is recorded");
        await Until.TrueAsync(async () => await ReadyAsync() == HttpStatusCode.OK, 90, "the page is ready again");
        Assert.Single(_hook.Calls, c => c.Type == "incident.created");
    }

    [Fact]
    public async Task A_mail_is_not_sent_while_its_delivery_could_not_be_recorded()
    {
        await _status.SubscribeAsync(_mail, "reader@example.com");
        await _mail.StopAsync();
        await _status.ActAsync("/admin/api/incidents", new { title = "Disk", body = "b" });
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM attempt WHERE outcome = 'no_server'").Count > 0), 10, "the mail waits");
        FillDisk();
        await _mail.StartAsync();
        // Two more failures to write mean that the delivery was due and was not attempted.
        await WaitForFailuresAsync(2);
        Assert.DoesNotContain(_mail.Taken(), m => m.Subject!.Contains("Disk", StringComparison.Ordinal));
        File.Delete(Filler);
        await _mail.OneAsync(m => m.Subject!.Contains("Disk", StringComparison.Ordinal), "the incident", 60);
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM delivery WHERE state = 'pending'").Count == 0), 20, "nothing waits any more");
        Assert.Single(_mail.Taken(), m => m.Subject!.Contains("Disk", StringComparison.Ordinal));
    }

    private async Task WaitForFailuresAsync(int more)
    {
        var before = await FailuresAsync();
        await Until.TrueAsync(async () => await FailuresAsync() >= before + more, 40, $"{more} more writes failed");
    }

    private async Task<int> FailuresAsync()
    {
        const string name = "podflare_status_write_failures_total ";
        var metrics = await _status.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        return int.Parse(metrics.Split('\n').Single(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<HttpStatusCode> ReadyAsync()
    {
        using var response = await _status.Http.GetAsync("/readyz", TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private void FillDisk()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, 1);
        var block = new byte[4096];
        try
        {
            while (true) file.Write(block);
        }
        catch (IOException)
        {
            // The disk is full.
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
