using System.Diagnostics;
using System.Net.Sockets;
using MimeKit;

namespace Podflare.Status.Services;

/// <summary>A mail server: Debian's aiosmtpd.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(TestRun.Folder, "mail-" + Guid.NewGuid().ToString("N")[..8]);
    private Process? _process;

    public int Port { get; } = Ports.Free();

    public async Task StartAsync()
    {
        var script = Path.Combine(TestRun.Repository, "tests", "Status", "Services", "mail_server.py");
        var start = new ProcessStartInfo("/usr/bin/python3", [script, $"{Port}", _folder]);
        start.Environment["PODFLARE_TEST_CLUSTER"] = TestRun.Cluster;
        _process = Process.Start(start)!;
        await Until.TrueAsync(AnswersAsync, 20, "the mail server answers");
    }

    public async Task StopAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>All accepted mails, oldest first.</summary>
    public List<MimeMessage> Taken() => !Directory.Exists(_folder) ? [] : [.. Directory.GetFiles(_folder, "*.eml").Order().Select(path => MimeMessage.Load(path))];

    public Task<MimeMessage> OneAsync(Func<MimeMessage, bool> which, string what, double seconds = 20) =>
        Until.ValueAsync(() => Task.FromResult(Taken().FirstOrDefault(which)), seconds, $"a mail came: {what}");

    /// <summary>Returns the first link in a mail's text whose URL contains the given path.</summary>
    public static Uri Link(MimeMessage message, string path) =>
        new(message.TextBody!.Split(' ', '\n', '\r').First(word => word.StartsWith("http", StringComparison.Ordinal) && word.Contains(path, StringComparison.Ordinal)).Trim());

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await StopAsync();
    }

    private async Task<bool> AnswersAsync()
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
