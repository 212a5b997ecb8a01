using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Cryptography;
using Podflare.Configuration;
using Podflare.Pages;

namespace Podflare.Subscribers;

/// <summary>Makes messages: RFC 8058 for those that can be unsubscribed from, RFC 3834 for all.</summary>
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
        if (due.Subscriber is { } subscriber) Notice(message, due, subscriber);
        else Confirmation(message, due.Body!);
        if (options.Value.DkimKeyFile is { Length: > 0 } key) Sign(message, key);
        return message;
    }

    private void Notice(MimeMessage message, DueDelivery due, string subscriber)
    {
        message.Subject = due.Subject!;
        var (manage, unsubscribe) = (subscriptions.ManageLink(subscriber), subscriptions.UnsubscribeLink(subscriber));
        message.Headers.Add("List-Id", $"{page.Value.Name} status <status.{new Uri(address.Url).IdnHost}>");
        message.Headers.Add("List-Unsubscribe", $"<{unsubscribe}>, <mailto:{_from.Address}?subject=unsubscribe>");
        message.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        // All mails of an incident are one thread.
        if (due.Incident is { } incident) message.References.Add($"{incident}@{Domain}");
        var text = $"{due.Text}\n\n-- \nChange what you hear of: {manage}\nUnsubscribe: {unsubscribe}\n";
        var html = Html.Of($"""
            <!doctype html><html lang="en"><body>{Html.Paragraphs(due.Text!)}<hr><p><a href="{manage}">Change what you hear of</a> or <a href="{unsubscribe}">unsubscribe</a>.</p></body></html>
            """);
        message.Body = new BodyBuilder { TextBody = text, HtmlBody = html.Text }.ToMessageBody();
    }

    private void Confirmation(MimeMessage message, string link)
    {
        message.Subject = $"Confirm: {page.Value.Name} status updates";
        var text = $"""
            Somebody, probably you, asked for {page.Value.Name} status updates at this address.

            To get them, open this page and press the button:
            {link}

            The link works once and for {options.Value.ConfirmationHours:0.##} hours. If it was not you, do nothing: you will hear no more.
            """;
        var html = Html.Of($"""
            <!doctype html><html lang="en"><body><p>Somebody, probably you, asked for {page.Value.Name} status updates at this address.</p><p>To get them, <a href="{link}">open this page</a> and press the button.</p><p>The link works once and for {options.Value.ConfirmationHours:0.##} hours. If it was not you, do nothing: you will hear no more.</p></body></html>
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
