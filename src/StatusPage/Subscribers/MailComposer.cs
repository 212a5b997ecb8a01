using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Cryptography;
using Podflare.Configuration;
using Podflare.Pages;

namespace Podflare.Subscribers;

/// <summary>Composes mails with the headers of RFC 8058 (one-click unsubscribe) and RFC 3834 (automatic mail).</summary>
internal sealed class MailComposer(IOptions<MailOptions> options, IOptions<StatusOptions> page, PublicAddress address, Subscriptions subscriptions)
{
    private readonly MailboxAddress _from = new(page.Value.Name + " status", MailboxAddress.Parse(options.Value.From).Address);

    private string Domain => _from.Domain;

    public MimeMessage Compose(DueDelivery due)
    {
        var message = new MimeMessage { MessageId = $"{due.Id}@{Domain}" };
        message.From.Add(_from);
        message.To.Add(new MailboxAddress("", due.Address!));
        message.Headers.Add("Auto-Submitted", "auto-generated");
        if (due.Subscriber is { } subscriber) ComposeNotification(message, due, subscriber);
        else ComposeConfirmation(message, due.Body!);
        if (options.Value.DkimKeyFile is { Length: > 0 } key) Sign(message, key);
        return message;
    }

    private void ComposeNotification(MimeMessage message, DueDelivery due, string subscriber)
    {
        message.Subject = due.Subject!;
        var (manage, unsubscribe) = (subscriptions.ManageLink(subscriber), subscriptions.UnsubscribeLink(subscriber));
        message.Headers.Add("List-Id", $"{page.Value.Name} status <status.{new Uri(address.Url).IdnHost}>");
        message.Headers.Add("List-Unsubscribe", $"<{unsubscribe}>, <mailto:{_from.Address}?subject=unsubscribe>");
        message.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        // Mail clients show all mails of an incident as one thread.
        if (due.Incident is { } incident) message.References.Add($"{incident}@{Domain}");
        var text = $"{due.Text}\n\n-- \nChange your subscription: {manage}\nUnsubscribe: {unsubscribe}\n";
        var html = Html.Of($"""
            <!doctype html><html lang="en"><body>{Html.Paragraphs(due.Text!)}<hr><p><a href="{manage}">Change your subscription</a> or <a href="{unsubscribe}">unsubscribe</a>.</p></body></html>
            """);
        message.Body = new BodyBuilder { TextBody = text, HtmlBody = html.Text }.ToMessageBody();
    }

    private void ComposeConfirmation(MimeMessage message, string link)
    {
        message.Subject = $"Confirm: {page.Value.Name} status updates";
        var text = $"""
            Somebody, probably you, requested {page.Value.Name} status updates for this address.

            To receive them, open this page and press the button:
            {link}

            The link works once, within {options.Value.ConfirmationHours:0.##} hours. If it was not you, ignore this mail. You will not receive any more.
            """;
        var html = Html.Of($"""
            <!doctype html><html lang="en"><body><p>Somebody, probably you, requested {page.Value.Name} status updates for this address.</p><p>To receive them, <a href="{link}">open this page</a> and press the button.</p><p>The link works once, within {options.Value.ConfirmationHours:0.##} hours. If it was not you, ignore this mail. You will not receive any more.</p></body></html>
            """);
        message.Body = new BodyBuilder { TextBody = text, HtmlBody = html.Text }.ToMessageBody();
    }

    private void Sign(MimeMessage message, string key)
    {
        message.Prepare(EncodingConstraint.SevenBit);
        var signer = new DkimSigner(key, options.Value.DkimDomain ?? Domain, options.Value.DkimSelector ?? "status");
        HeaderId[] headers =
        [
            HeaderId.From, HeaderId.To, HeaderId.Subject, HeaderId.Date, HeaderId.MessageId, HeaderId.ListId, HeaderId.ListUnsubscribe, HeaderId.ListUnsubscribePost,
        ];
        signer.Sign(message, [.. headers.Where(message.Headers.Contains)]);
    }
}
