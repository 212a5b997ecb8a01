using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using Podflare.Background;

namespace Podflare.Subscribers;

/// <summary>Sends mails through the SMTP server. Each is tried until it is accepted, permanently rejected, or too old.</summary>
internal sealed partial class MailSender(
    DeliveryQueue queue, MailComposer composer, IOptions<MailOptions> options, Supervisor supervisor, TimeProvider time, ILogger<MailSender> logger)
    : SupervisedService("mail", supervisor)
{
    private const int Batch = 50;
    private const int MaxRejections = 3;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    // In all a little over three days. After that the mail is of no use.
    private static readonly double[] RetrySeconds = [2, 10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 86400, 86400];

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        if (string.IsNullOrEmpty(options.Value.Host)) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            var due = queue.FindDueMails(Batch);
            if (due.Count > 0)
            {
                await queue.EnsureWritableAsync(stoppingToken);
                await SendAsync(due, stoppingToken);
            }

            if (due.Count < Batch) await queue.WaitForMailAsync(PollInterval, stoppingToken);
        }
    }

    private async Task SendAsync(List<DueDelivery> batch, CancellationToken cancellationToken)
    {
        using var smtp = new SmtpClient { Timeout = (int)(options.Value.TimeoutSeconds * 1000) };
        try
        {
            using var limit = CreateLimit(cancellationToken);
            await ConnectAsync(smtp, limit.Token);
        }
        catch (Exception e) when (IsTransient(e) && !cancellationToken.IsCancellationRequested)
        {
            LogServerUnavailable(e.Message);
            foreach (var due in batch) await PostponeAsync(due, "no_server", e.Message, 0, cancellationToken);
            return;
        }

        foreach (var due in batch)
        {
            if (cancellationToken.IsCancellationRequested || !smtp.IsConnected) return;
            // The subscriber may have unsubscribed since the batch was read.
            if (queue.IsPending(due.Id)) await SendAsync(smtp, due, cancellationToken);
        }

        using var quit = CreateLimit(cancellationToken);
        await smtp.DisconnectAsync(quit: true, quit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAsync(SmtpClient smtp, DueDelivery due, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        try
        {
            using var message = composer.Compose(due);
            // Shutdown does not cancel it: a mail that was handed over halfway would be sent again.
            using var limit = CreateLimit(CancellationToken.None);
            var answer = await smtp.SendAsync(message, limit.Token);
            await RecordAsync("sent", answer);
        }
        catch (SmtpCommandException e) when ((int)e.StatusCode >= 500 && e.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted)
        {
            await RecordRejectionAsync(due, e, Elapsed(), cancellationToken);
        }
        catch (Exception e) when (IsTransient(e) && !(cancellationToken.IsCancellationRequested && e is OperationCanceledException))
        {
            await PostponeAsync(due, "error", e.Message, Elapsed(), cancellationToken);
        }
#pragma warning disable CA1031 // A mail that cannot be composed or signed must not stop the mails after it.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Supervisor.RecordFailure(TaskName, e);
            await PostponeAsync(due, "error", e.Message, Elapsed(), cancellationToken);
        }

        Task RecordAsync(string outcome, string answer)
        {
            var ms = Elapsed();
            return queue.RecordAsync(
                TaskName,
                sql =>
                {
                    DeliveryQueue.RecordAttempt(sql, due, time.GetUtcNow(), outcome, Shorten(answer), ms, null, sent: true);
                    sql.Execute($"UPDATE subscriber SET refusals = 0 WHERE id = {due.Subscriber}");
                },
                cancellationToken);
        }

        double Elapsed() => time.GetElapsedTime(began).TotalMilliseconds;
    }

    private Task RecordRejectionAsync(DueDelivery due, SmtpCommandException e, double ms, CancellationToken cancellationToken) => queue.RecordAsync(
        TaskName,
        sql =>
        {
            DeliveryQueue.RecordAttempt(sql, due, time.GetUtcNow(), "refused", Shorten($"{(int)e.StatusCode} {e.Message}"), ms, null, sent: false);
            if (e.ErrorCode != SmtpErrorCode.RecipientNotAccepted) return;
            sql.Execute($"UPDATE subscriber SET refusals = refusals + 1 WHERE id = {due.Subscriber}");
            sql.Execute($"""
                UPDATE subscriber SET state = 'disabled', disabled_because = 'the mail server rejected the address' WHERE id = {due.Subscriber} AND refusals >= {MaxRejections}
                """);
        },
        cancellationToken);

    private Task PostponeAsync(DueDelivery due, string outcome, string detail, double ms, CancellationToken cancellationToken) => queue.RecordAsync(
        TaskName,
        sql =>
        {
            var now = time.GetUtcNow();
            DateTimeOffset? next = due.Attempts < RetrySeconds.Length ? now + TimeSpan.FromSeconds(RetrySeconds[due.Attempts]) : null;
            DeliveryQueue.RecordAttempt(sql, due, now, outcome, Shorten(detail), ms, next, sent: false);
        },
        cancellationToken);

    // The client's own timeout applies to each read and write; this one to the whole step.
    private CancellationTokenSource CreateLimit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(options.Value.TimeoutSeconds * 2));
        return limit;
    }

    private async Task ConnectAsync(SmtpClient smtp, CancellationToken cancellationToken)
    {
        var security = options.Value.Security switch
        {
            "None" => SecureSocketOptions.None,
            "Tls" => SecureSocketOptions.SslOnConnect,
            _ => SecureSocketOptions.StartTls,
        };
        await smtp.ConnectAsync(options.Value.Host!, options.Value.Port, security, cancellationToken);
        if (!string.IsNullOrEmpty(options.Value.User)) await smtp.AuthenticateAsync(options.Value.User, options.Value.Password ?? "", cancellationToken);
    }

    private static bool IsTransient(Exception e) =>
        e is SocketException or IOException or ProtocolException or CommandException or AuthenticationException or SslHandshakeException or NotSupportedException or TimeoutException
            or ServiceNotConnectedException or OperationCanceledException or System.Security.Authentication.AuthenticationException;

    private static string Shorten(string text) => text.Length <= 300 ? text : text[..300];

    [LoggerMessage(LogLevel.Warning, "The mail server is not available. Mail is kept and tried again: {Message}")]
    private partial void LogServerUnavailable(string message);
}
