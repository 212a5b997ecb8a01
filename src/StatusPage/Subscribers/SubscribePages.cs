using Podflare.Pages;
using Podflare.Snapshots;

namespace Podflare.Subscribers;

internal static class SubscribePages
{
    public static string Form(Snapshot s, Layout layout, bool mail, bool http, string address = "", string hook = "", string? mailError = null, string? hookError = null) => layout.Page(
        $"{(mailError ?? hookError) switch { null => "", _ => "Error: " }}Subscribe | {layout.Name} status", Html.Of($"""
        <h1>Subscribe</h1>
        <div class="two">
        {(mail ? Mail(s, address, mailError) : Html.Empty)}
        {Hook(s, hook, hookError, http)}
        </div>
        <section aria-labelledby="h-feeds"><h2 id="h-feeds">Feeds</h2><p>For feed readers: <a href="/history.atom">Atom</a> or <a href="/history.rss">RSS</a>. For programs: <a href="/api/v2/summary.json">summary.json</a>, in the format of the Statuspage API.</p></section>
        """), "/subscribe");

    private static Html Mail(Snapshot s, string address, string? error) => Html.Of($"""
        <section class="card" aria-labelledby="h-mail"><h2 id="h-mail">E-mail</h2>
        <form method="post" action="/subscribe">
        <div><label for="email">E-mail address</label><input id="email" name="email" type="email" autocomplete="email" required maxlength="254" value="{address}"{Invalid("email", error)}>{Hint("email", error, "We will send you a mail with a link to confirm.")}</div>
        {Choices(s, null, "m")}
        <button class="primary">Subscribe by e-mail</button></form></section>
        """);

    private static Html Hook(Snapshot s, string hook, string? error, bool http) => Html.Of($"""
        <section class="card" aria-labelledby="h-hook"><h2 id="h-hook">Webhook</h2>
        <form method="post" action="/subscribe/webhook">
        <div><label for="url">Address</label><input id="url" name="url" type="url" inputmode="url" required maxlength="1000" placeholder="{(http ? "http" : "https")}://" value="{hook}"{Invalid("url", error)}>{Hint("url", error, "We send a challenge that your response must contain. Calls are signed as in the Standard Webhooks specification.")}</div>
        {Choices(s, null, "w")}
        <button class="primary">Add webhook</button></form></section>
        """);

    public static string ConfirmationSent(Layout layout) => layout.Page($"Check your mail | {layout.Name} status", Html.Of($"""
        <h1>Check your mail</h1><p>If this address can receive updates, a mail with a confirmation link is on its way. The link works once.</p><p><a href="/">Back to the status page</a></p>
        """), robots: false);

    public static string ConfirmationForm(Layout layout, string title, string text, string action, string token, string button) => layout.Page($"{title} | {layout.Name} status", Html.Of($"""
        <h1>{title}</h1><p>{text}</p><form method="post" action="{action}"><input type="hidden" name="t" value="{token}"><button class="primary">{button}</button></form>
        """), robots: false);

    public static string Confirmed(Layout layout, string manage) => layout.Page($"You are subscribed | {layout.Name} status", Html.Of($"""
        <h1>You are subscribed</h1><p>You will receive a mail when something happens. You can <a href="{manage}">change your subscription</a> at any time. Every mail contains the link as well.</p>
        """), robots: false);

    public static string WebhookSecret(Layout layout, string secret, string manage, bool isNew) => layout.Page($"Webhook secret | {layout.Name} status", Html.Of($"""
        <h1>{(isNew ? "Webhook added" : "New secret")}</h1>
        <p>This secret signs the calls. It is shown only now:</p><p><code class="secret" id="secret">{secret}</code></p>
        <p>{(isNew ? "A challenge is on its way. The webhook becomes active when your receiver echoes it." : "For a day, calls are signed with the old secret as well.")} <a id="manage" href="{manage}">View its state and deliveries</a>. Keep this link: there is no other way to reach that page.</p>
        """), robots: false);

    public static string Manage(Snapshot s, Layout layout, Subscriber subscriber, string token, IReadOnlyList<DeliveryLogEntry> log, bool saved) => layout.Page($"Your subscription | {layout.Name} status", Html.Of($"""
        <h1>Your subscription</h1>
        {(saved ? Html.Of($"<p role=\"status\"><strong>Saved.</strong></p>") : Html.Empty)}
        <p>{(subscriber.IsMail ? "E-mail to" : "Webhook")} <strong>{subscriber.Address}</strong>: {subscriber.State}{(subscriber.DisabledBecause is { } why ? ", because " + why : "")}.</p>
        <div class="card"><form method="post" action="/manage"><input type="hidden" name="t" value="{token}">{Choices(s, subscriber, "c")}<button class="primary" name="act" value="save">Save</button></form></div>
        <h2>Deliveries</h2>{(subscriber.IsMail ? Html.Empty : WebhookActions(subscriber, token))}
        {(log.Count == 0 ? Html.Of($"<p class=\"muted\">No deliveries yet.</p>") : Log(log, token, subscriber))}
        <h2>Unsubscribe</h2><form method="post" action="/manage"><input type="hidden" name="t" value="{token}"><button class="quiet" name="act" value="remove">Unsubscribe</button></form>
        """), robots: false);

    private static Html WebhookActions(Subscriber subscriber, string token) => Html.Of($"""
        <form method="post" action="/manage"><input type="hidden" name="t" value="{token}"><p>{(subscriber.State == "active" ? Html.Empty : Html.Of($"<button class=\"small\" name=\"act\" value=\"challenge\">Send the challenge again</button> "))}<button class="small quiet" name="act" value="rotate">New secret</button></p></form>
        """);

    private static Html Log(IReadOnlyList<DeliveryLogEntry> log, string token, Subscriber subscriber) => Html.Of($"""
        <div class="scroll card" tabindex="0" role="region" aria-label="Deliveries"><table><caption class="sr">Deliveries, newest first</caption><thead><tr><th scope="col">What</th><th scope="col">When</th><th scope="col">State</th><th scope="col">Attempts</th><th scope="col">Last answer</th>{(subscriber.IsMail ? Html.Empty : Html.Of($"<th scope=\"col\">Again</th>"))}</tr></thead>
        <tbody>{log.Select(d => Html.Of($"<tr><th scope=\"row\">{d.Type}</th><td>{PageParts.Time(d.CreatedAt)}</td><td>{d.State}</td><td>{d.Attempts}</td><td>{d.LastOutcome ?? "none"}</td>{(subscriber.IsMail ? Html.Empty : Html.Of($"<td>{ReplayButton(d, token)}</td>"))}</tr>"))}</tbody></table></div>
        """);

    private static Html ReplayButton(DeliveryLogEntry line, string token) => line.State is "sent" or "failed" && line.Kind == "webhook"
        ? Html.Of($"<form method=\"post\" action=\"/manage\"><input type=\"hidden\" name=\"t\" value=\"{token}\"><input type=\"hidden\" name=\"delivery\" value=\"{line.Id}\"><button class=\"small quiet\" name=\"act\" value=\"replay\">Send again<span class=\"sr\"> {line.Type} of {line.CreatedAt:HH:mm:ss}</span></button></form>")
        : Html.Empty;

    private static Html Choices(Snapshot s, Subscriber? subscriber, string prefix) => Html.Of($"""
        <fieldset><legend>Components</legend><p class="hint">Select none to receive updates about all of them.</p>{s.Measured.Select(c => Check($"{prefix}-{c.Id}", "component", c.Id, c.Name, subscriber?.Components.Contains(c.Id) == true))}</fieldset>
        <fieldset><legend>Kinds</legend>{Check($"{prefix}-incidents", "kind", "incidents", "Incidents", subscriber?.Incidents != false)}{Check($"{prefix}-maintenance", "kind", "maintenance", "Maintenance", subscriber?.Maintenance != false)}</fieldset>
        """);

    private static Html Check(string id, string name, string value, string label, bool isOn) => Html.Of($"""
        <label class="check" for="{id}"><input type="checkbox" id="{id}" name="{name}" value="{value}"{(isOn ? Html.Of($" checked") : Html.Empty)}>{label}</label>
        """);

    private static Html Invalid(string field, string? error) =>
        Html.Of($" aria-describedby=\"{field}-hint{(error is null ? "" : $" {field}-error")}\"{(error is null ? Html.Empty : Html.Of($" aria-invalid=\"true\" autofocus"))}");

    private static Html Hint(string field, string? error, string text) => Html.Of($"""
        {(error is null ? Html.Empty : Html.Of($"<p class=\"error\" id=\"{field}-error\">{error}</p>"))}<p class="hint" id="{field}-hint">{text}</p>
        """);
}
