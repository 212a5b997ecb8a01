using System.ComponentModel.DataAnnotations;
using Podflare.Webhooks;

namespace Podflare.Subscribers;

/// <summary>E-mail settings. Without a host, subscribing by e-mail is not available.</summary>
internal sealed class MailOptions
{
    public const string Section = "Status:Mail";

    /// <summary>The SMTP server. Default: none.</summary>
    public string? Host { get; set; }

    /// <summary>Port of the SMTP server. Default: 587.</summary>
    [Range(1, 65535)] public int Port { get; set; } = 587;

    /// <summary><c>StartTls</c>, <c>Tls</c>, or <c>None</c> for a server on this machine. Default: StartTls.</summary>
    [RegularExpression("StartTls|Tls|None")] public string Security { get; set; } = "StartTls";

    /// <summary>User name for the SMTP server. Default: none, and then nobody logs in.</summary>
    public string? User { get; set; }

    /// <summary>Password for the SMTP server. Default: none.</summary>
    public string? Password { get; set; }

    /// <summary>The sender. Default: status@localhost.</summary>
    [Required] public string From { get; set; } = "status@localhost.localdomain";

    /// <summary>PEM file of the DKIM key; then also <see cref="DkimDomain"/> and <see cref="DkimSelector"/>. Default: the server signs.</summary>
    public string? DkimKeyFile { get; set; }

    /// <summary>Domain of the DKIM signature. Default: none.</summary>
    public string? DkimDomain { get; set; }

    /// <summary>Selector of the DKIM key. Default: none.</summary>
    public string? DkimSelector { get; set; }

    /// <summary>Confirmation mails to one address in 24 hours. Default: 3.</summary>
    [Range(1, 100)] public int ConfirmationsPerAddress { get; set; } = 3;

    /// <summary>Confirmation mails to all addresses in one hour. Default: 300.</summary>
    [Range(1, 100000)] public int ConfirmationsPerHour { get; set; } = 300;

    /// <summary>Hours for which a confirmation link is valid. Default: 48.</summary>
    [Range(0.0001, 720)] public double ConfirmationHours { get; set; } = 48;

    /// <summary>Timeout in seconds for each response of the server. Default: 30.</summary>
    [Range(1, 600)] public double TimeoutSeconds { get; set; } = 30;

    /// <summary>Subscription requests from one client address in one hour. Further requests get 429. Default: 20.</summary>
    [Range(1, 100000)] public int RequestsPerClient { get; set; } = 20;
}

/// <summary>Webhook settings.</summary>
internal sealed class WebhookOptions
{
    public const string Section = "Status:Webhooks";

    /// <summary>Whether http addresses are allowed as well. Default: false.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>IP addresses that webhooks may have although they are not public, separated by commas. Default: none.</summary>
    public string AllowedAddresses { get; set; } = "";

    /// <summary>Timeout of one attempt in seconds. Default: 15.</summary>
    [Range(0.1, 60)] public double TimeoutSeconds { get; set; } = 15;

    /// <summary>Maximum number of webhooks. Default: 1000.</summary>
    [Range(0, 100000)] public int MaxWebhooks { get; set; } = 1000;

    /// <summary>Webhooks that are called at the same time. Default: 16.</summary>
    [Range(1, 1000)] public int MaxConcurrent { get; set; } = 16;

    /// <summary>Seconds for which the calls of one webhook follow each other while others wait. Default: 30.</summary>
    [Range(1, 3600)] public double TurnSeconds { get; set; } = 30;

    /// <summary>Calls that may wait for one webhook; beyond that it is disabled. Default: 1000.</summary>
    [Range(1, 100000)] public int MaxPending { get; set; } = 1000;

    /// <summary>New webhooks to one host in an hour. Default: 5.</summary>
    [Range(1, 1000)] public int PerHost { get; set; } = 5;

    /// <summary>Seconds between each attempt and the previous one. After the last attempt, the webhook is disabled. Default: 0, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.</summary>
    [RegularExpression(@"[0-9.]+(,[0-9.]+)*")] public string RetrySeconds { get; set; } = "0,5,300,1800,7200,18000,36000,50400,72000,86400";

    public double[] Schedule => WebhookCallOptions.ParseSchedule(RetrySeconds);

    public WebhookCallOptions ToCallOptions() => new(AllowHttp, WebhookCallOptions.ParseAddresses(AllowedAddresses), TimeSpan.FromSeconds(TimeoutSeconds), "podflare-status/1");
}
