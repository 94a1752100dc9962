package clerkapi

import "context"

// CampaignsService starts campaigns.
type CampaignsService user

// Create starts a campaign: one text to every contact of a list. It cannot be taken back, and it is
// made again only if it certainly was not taken.
//
// As with [MessagesService.Send], a campaign that the API took and reports as failed is returned
// beside an error that is [ErrFailed], and a MediaURLs of nil is sent as an empty list.
func (s *CampaignsService) Create(ctx context.Context, req *CreateCampaignRequest) (*Campaign, *Response, error) {
	if req == nil {
		return nil, nil, noRequest(opCreateCampaign)
	}
	body := *req
	body.MediaURLs = notNil(body.MediaURLs)
	var answer campaignAnswer
	resp, err := (*user)(s).do(ctx, opCreateCampaign, request{body: &body}, &answer)
	return unlessBad(answer.Data, resp, err)
}

type campaignAnswer struct {
	Data *Campaign `json:"data"`
}

func (a *campaignAnswer) validate() error {
	switch c := a.Data; {
	case c == nil:
		return errNoData
	case c.Error != "", c.Status == "failed":
		return &reported{message: c.Error}
	}
	return nil
}
