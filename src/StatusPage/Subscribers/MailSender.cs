using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>Hands mails to the SMTP server, each until it is taken or refused for good.</summary>
internal sealed partial class MailSender(
    Database database, DeliveryQueue queue, MailComposer composer, IOptions<MailOptions> options, TimeProvider time, ILogger<MailSender> logger) : BackgroundService
{
    private const int Batch = 50;
    private const int MaxRefusals = 3;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    // After the last one, a day between two; given up after three days, when nobody needs it any more.
    private static readonly double[] RetrySeconds = [2, 10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 86400, 86400];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (string.IsNullOrEmpty(options.Value.Host)) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            var due = queue.FindDue(mail: true, time.GetUtcNow(), Batch);
            if (due.Count > 0) await SendAsync(due, stoppingToken);
            if (due.Count < Batch) await queue.WaitForWorkAsync(mail: true, PollInterval, time, stoppingToken);
        }
    }

    private async Task SendAsync(List<DueDelivery> batch, CancellationToken cancellationToken)
    {
        using var smtp = new SmtpClient { Timeout = (int)(options.Value.TimeoutSeconds * 1000) };
        try
        {
            await ConnectAsync(smtp, cancellationToken);
        }
        catch (Exception e) when (IsTransient(e) && !cancellationToken.IsCancellationRequested)
        {
            LogNoServer(e.Message);
            foreach (var due in batch) await PostponeAsync(due, "no_server", e.Message, 0, cancellationToken);
            return;
        }

        foreach (var due in batch)
        {
            // It may be gone since the batch was taken, by unsubscribing for one.
            if (database.Read(sql => sql.Number($"SELECT COUNT(*) FROM delivery WHERE id = {due.Id} AND state = 'pending'")) == 0) continue;
            if (!smtp.IsConnected) return;
            await SendAsync(smtp, due, cancellationToken);
        }

        await smtp.DisconnectAsync(quit: true, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAsync(SmtpClient smtp, DueDelivery due, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        try
        {
            using var message = composer.Compose(due);
            // Not cancelled by our stop: a mail that is half handed over would be sent again.
            var answer = await smtp.SendAsync(message, CancellationToken.None);
            var ms = time.GetElapsedTime(began).TotalMilliseconds;
            await database.WriteAsync(
                sql =>
                {
                    DeliveryQueue.RecordAttempt(sql, due, time.GetUtcNow(), "sent", Shorten(answer), ms, null, sent: true);
                    sql.Execute($"UPDATE subscriber SET refusals = 0 WHERE id = {due.Subscriber}");
                },
                CancellationToken.None);
        }
        catch (SmtpCommandException e) when ((int)e.StatusCode >= 500 && e.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted)
        {
            await RecordRejectionAsync(due, e, time.GetElapsedTime(began).TotalMilliseconds);
        }
        catch (Exception e) when (IsTransient(e))
        {
            await PostponeAsync(due, "trouble", e.Message, time.GetElapsedTime(began).TotalMilliseconds, cancellationToken);
        }
    }

    private Task RecordRejectionAsync(DueDelivery due, SmtpCommandException e, double ms) => database.WriteAsync(
        sql =>
        {
            DeliveryQueue.RecordAttempt(sql, due, time.GetUtcNow(), "refused", Shorten($"{(int)e.StatusCode} {e.Message}"), ms, null, sent: false);
            if (e.ErrorCode != SmtpErrorCode.RecipientNotAccepted) return;
            sql.Execute($"UPDATE subscriber SET refusals = refusals + 1 WHERE id = {due.Subscriber}");
            sql.Execute($"""
                UPDATE subscriber SET state = 'disabled', disabled_because = 'the mail server refused the address' WHERE id = {due.Subscriber} AND refusals >= {MaxRefusals}
                """);
        },
        CancellationToken.None);

    private Task PostponeAsync(DueDelivery due, string outcome, string detail, double ms, CancellationToken cancellationToken) => database.WriteAsync(
        sql =>
        {
            var now = time.GetUtcNow();
            DateTimeOffset? next = due.Attempts < RetrySeconds.Length ? now + TimeSpan.FromSeconds(RetrySeconds[due.Attempts]) : null;
            DeliveryQueue.RecordAttempt(sql, due, now, outcome, Shorten(detail), ms, next, sent: false);
        },
        cancellationToken);

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

    [LoggerMessage(LogLevel.Warning, "The mail server does not take mail, which waits: {Message}")]
    private partial void LogNoServer(string message);
}
