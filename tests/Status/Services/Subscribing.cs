using System.Net;

namespace Podflare.Status.Services;

/// <summary>Subscribes as a reader of the page does.</summary>
internal static class Subscribing
{
    /// <summary>Subscribes, opens the link in the mail, and presses the button.</summary>
    public static async Task SubscribeAsync(this StatusService status, MailServer mail, string address, params (string, string)[] choice)
    {
        (string, string)[] kinds = choice.Length > 0 ? choice : [("kind", "incidents"), ("kind", "maintenance")];
        using var asked = await status.PostFormAsync("/subscribe", [("email", address), .. kinds]);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var message = await mail.OneAsync(m => m.To.Mailboxes.Single().Address == address && m.Subject!.StartsWith("Confirm", StringComparison.Ordinal), $"a confirmation for {address}");
        using var confirmed = await status.PostFormAsync("/confirm", ("t", Token(MailServer.Link(message, "/confirm"))));
        Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);
    }

    /// <returns>The secret and the manage path.</returns>
    public static async Task<(string Secret, string Manage)> AddHookAsync(this StatusService status, HookReceiver hook, params (string, string)[] choice)
    {
        (string, string)[] kinds = choice.Length > 0 ? choice : [("kind", "incidents"), ("kind", "maintenance")];
        using var added = await status.PostFormAsync("/subscribe/webhook", [("url", hook.Address.AbsoluteUri), .. kinds]);
        Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        var text = WebUtility.HtmlDecode(await added.Content.ReadAsStringAsync());
        var secret = text.Split("id=\"secret\">")[1].Split('<')[0];
        var manage = new Uri(text.Split("id=\"manage\" href=\"")[1].Split('"')[0]).PathAndQuery;
        if (hook.Echoes)
        {
            await Until.TrueAsync(
                () => Task.FromResult(status.Rows($"SELECT 1 FROM subscriber WHERE kind = 'webhook' AND state = 'active' AND secret = '{secret}'").Count == 1), 20, "the webhook is active");
        }

        return (secret, manage);
    }

    public static string Token(Uri link) => Uri.UnescapeDataString(link.Query["?t=".Length..]);
}
